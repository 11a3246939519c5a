/** A service's bad days: throttling, outages, lost connections, expired tokens; the real clients, the real engine, the twin. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { prepare } from '../../engine/src/ceremony/folder.ts'
import { layOutRehearsal } from '../../engine/src/cli/rehearsal-folder.ts'
import { ceremony, type Ended, effectsOf, entriesOf, outcomesOf, remove, temporary } from './rehearsal.ts'

const RUNBOOK = `runbook: online-half
version: 1
title: A vault with a key exchange key
stations:
  workstation: { network: azure }
roles:
  crypto-officer: { at-least: 2 }
plugins:
  azure-vault: ^1
steps:
  - id: vault
    title: A vault
    station: workstation
    uses: azure-vault/ensure-vault
    with: { name: contoso-keys-eu, resource-group: keys, location: westeurope, soft-delete-days: 90, officer-object-id: ADMINISTRATOR }
    sign-off: { before: { crypto-officer: 1 } }
  - id: kek
    title: A key exchange key
    uses: azure-vault/create-kek
    with: { vault: 'https://contoso-keys-eu.vault.azure.test', name: key-exchange-key, bits: 2048 }
    sign-off: { before: { crypto-officer: 1 } }
`
const VAULT = { method: 'PUT', host: '^management', path: 'vaults/contoso-keys-eu$' }
const KEK = { method: 'POST', host: '^contoso-keys-eu', path: '/create$' }

const home = temporary()
const dir = join(home, 'ceremony')
const laidOut = join(home, 'laid-out')

beforeAll(async () => {
  await layOutRehearsal(dir, 60)
  const parameters = readFileSync(join(dir, 'parameters.yaml'), 'utf8')
  const administrator = /administrator: (\S+)/.exec(parameters)![1]!
  rmSync(join(dir, 'parameters.yaml'))
  writeFileSync(join(home, 'runbook.yaml'), RUNBOOK.replace('ADMINISTRATOR', administrator))
  prepare(dir, { runbook: join(home, 'runbook.yaml'), setup: join(dir, 'setup.yaml'), answers: join(dir, 'answers.yaml') })
  cpSync(dir, laidOut, { recursive: true })
}, 120_000)
afterAll(() => remove(home))

function faults(...list: object[]): void {
  writeFileSync(join(dir, 'rehearsal', 'azure', 'faults.json'), JSON.stringify(list))
}

/** Runs the ceremony from its beginning, with these faults. */
function run(...list: object[]): Promise<Ended> {
  remove(dir)
  cpSync(laidOut, dir, { recursive: true })
  faults(...list)
  return ceremony('resume', dir)
}

/** What must be so at the end of each of these, whatever happened. */
async function expectGoodEnd(): Promise<void> {
  expect(effectsOf(dir).filter((effect) => /azure (vault\/create|key\/create)/.test(effect))).toHaveLength(2)
  expect(outcomesOf(dir).filter((outcome) => outcome.endsWith(' done'))).toEqual(['vault  done', 'kek  done'])
  for (const command of ['verify', 'replay']) expect(await ceremony(command, dir)).toMatchObject({ code: 0 })
}

const recordings = (): string =>
  entriesOf(dir)
    .map(({ exchanges }) => exchanges as { sha256: string } | null | undefined)
    .map((exchanges) => (exchanges ? readFileSync(join(dir, 'artifacts', 'sha256', exchanges.sha256), 'utf8') : ''))
    .join('')

describe('a service that has a bad day', () => {
  test('throttles now and then: it is waited as long as it says, and every try is recorded', async () => {
    const ended = await run({ ...VAULT, fault: 'throttle', times: 2, seconds: 30 }, { ...KEK, fault: 'throttle', times: 1, seconds: 20 })
    expect(ended).toMatchObject({ code: 0 })
    expect(recordings().match(/"status":429/g)).toHaveLength(3)
    expect(recordings()).toContain('{"sleep":30000}')
    await expectGoodEnd()
  }, 120_000)

  test('throttles for minutes on end: the step fails, says that nobody knows what is so, and `resume` goes on', async () => {
    const ended = await run({ ...KEK, fault: 'throttle', seconds: 60 })
    expect(ended.code).toBe(1)
    expect(ended.stderr).toMatch(/429/)
    expect(ended.stderr).toMatch(/do next .*resume/s)
    expect(outcomesOf(dir)).toEqual(['vault  done', 'kek  failed'])
    faults()
    expect(await ceremony('resume', dir)).toMatchObject({ code: 0 })
    await expectGoodEnd()
  }, 120_000)

  test('answers 503 for a while', async () => {
    expect(await run({ ...VAULT, fault: 'unavailable', times: 2 }, { ...KEK, fault: 'unavailable', times: 2 })).toMatchObject({ code: 0 })
    await expectGoodEnd()
  }, 120_000)

  test('does what was asked and loses the connection before it says so: nothing is made twice', async () => {
    const ended = await run({ ...VAULT, fault: 'drop-answer', times: 1 }, { ...KEK, fault: 'drop-answer', times: 1 })
    if (ended.code !== 0) expect(await ceremony('resume', dir)).toMatchObject({ code: 0 })
    await expectGoodEnd()
  }, 120_000)

  test('cannot be reached at all: the step fails, and with the network back `resume` goes on', async () => {
    const ended = await run({ host: '^contoso-keys-eu', fault: 'drop' })
    expect(ended.code).toBe(1)
    expect(ended.stderr).toMatch(/no usable answer|no answer/)
    faults()
    expect(await ceremony('resume', dir)).toMatchObject({ code: 0 })
    await expectGoodEnd()
  }, 120_000)

  test('takes a token for expired before its time: another one is got', async () => {
    const ended = await run({ ...VAULT, fault: 'expired-token', times: 1 }, { ...KEK, fault: 'expired-token', times: 1 })
    expect(ended.stderr).toContain('Closed after')
    expect(ended.code).toBe(0)
    await expectGoodEnd()
  }, 120_000)

  test('is slow', async () => {
    expect(await run({ ...KEK, fault: 'delay', times: 1, seconds: 90 })).toMatchObject({ code: 0 })
    await expectGoodEnd()
  }, 120_000)
})
