import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { layOutRehearsal } from '../../engine/src/cli/rehearsal-folder.ts'
import { checkClock, checkFolder } from '../../engine/src/doctor/place.ts'
import { ceremony, ROOT, remove, temporary } from '../e2e/rehearsal.ts'

interface Check {
  readonly name: string
  readonly verdict: string
  readonly found: string
  readonly next: string
}

const home = temporary()
const RUNBOOK = join(ROOT, 'runbooks', 'byok-ceremony.yaml')
beforeAll(() => layOutRehearsal(home, 120), 120_000)
afterAll(() => remove(home))

/** Runs doctor over the rehearsal's set-up, changed as told. @returns its exit code, and its checks by name */
async function examine(
  // biome-ignore lint/suspicious/noExplicitAny: a set-up is changed in places of many shapes
  change: (setup: Record<string, any>) => void = () => {},
  ...more: string[]
): Promise<{ code: number | null; checks: Map<string, Check> }> {
  const setup = parse(readFileSync(join(home, 'setup.yaml'), 'utf8'))
  change(setup)
  writeFileSync(join(home, 'changed.yaml'), stringify(setup))
  const answers = more.includes('--officers') ? [] : ['--unattended', join(home, 'answers.yaml')]
  const { code, stdout, stderr } = await ceremony(
    'doctor',
    RUNBOOK,
    '--setup',
    join(home, 'changed.yaml'),
    '--dir',
    home,
    '--json',
    ...answers,
    ...more,
  )
  expect(stderr).toBe('')
  return { code, checks: new Map((JSON.parse(stdout) as Check[]).map((check) => [check.name, check])) }
}

const verdicts = (checks: Map<string, Check>): Record<string, string> =>
  Object.fromEntries([...checks.values()].map(({ name, verdict }) => [name, verdict]))

describe('doctor', () => {
  test('finds a rehearsal’s stations fit, and has tried the twins to say so', async () => {
    const { code, checks } = await examine()
    expect(code).toBe(0)
    expect([...checks.values()].filter(({ verdict }) => verdict === 'fail')).toEqual([])
    expect(checks.get('module')?.found).toMatch(/^[0-9A-F-]{14}, operational, firmware 12/)
    expect(checks.get('library')?.found).toContain('tokens: none yet')
    expect(checks.get('credential')?.found).toContain('a token')
    expect(checks.get('plugin hsm-ncipher')?.found).toMatch(/^1\.0\.0, [0-9a-f]{64}$/)
    expect(verdicts(checks)).toMatchObject({
      pack: 'ok',
      folder: 'ok',
      disk: 'ok',
      clock: 'ok',
      programs: 'ok',
      'terminal for programs': 'ok',
      'card reader': 'ok',
      mechanisms: 'ok',
    })
  })

  test('says what is wrong, in one go, and what to do', async () => {
    chmodSync(join(home, 'keys', 'workstation.pem'), 0o644)
    const { code, checks } = await examine((setup) => {
      setup.stations['hsm-room'].key = 'keys/nowhere.pem'
      setup.hsm.library = '/bin/true'
      setup.hsm.tools = join(home, 'rehearsal')
      setup.cloud.tenant = '00000000-0000-0000-0000-000000000000'
    })
    chmodSync(join(home, 'keys', 'workstation.pem'), 0o600)
    expect(code).toBe(1)
    expect(verdicts(checks)).toMatchObject({
      'key of station hsm-room': 'fail',
      'key of station workstation': 'fail',
      programs: 'fail',
      module: 'fail',
      'card reader': 'fail',
      library: 'fail',
      'network of workstation': 'fail',
    })
    expect(checks.get('key of station workstation')).toMatchObject({
      found: expect.stringContaining('0644'),
      next: expect.stringContaining('chmod 600'),
    })
    expect([...checks.values()].filter(({ verdict, next }) => verdict === 'fail' && next === '')).toEqual([])
  })

  test('does not take a module in another mode, or a wrong secret, for fit', async () => {
    const module = join(home, 'rehearsal', 'nshield', 'module.json')
    const before = readFileSync(module, 'utf8')
    writeFileSync(module, before.replace('"operational"', '"initialization"'))
    const answers = join(home, 'wrong.yaml')
    const { secrets, ...rest } = parse(readFileSync(join(home, 'answers.yaml'), 'utf8'))
    writeFileSync(answers, stringify({ ...rest, secrets: { ...secrets, 'azure-client-secret': 'wrong' } }), { mode: 0o600 })
    const { code, checks } = await examine(undefined, '--unattended', answers)
    writeFileSync(module, before)
    expect(code).toBe(1)
    expect(checks.get('module')).toMatchObject({ verdict: 'fail', found: 'it is in initialization mode' })
    expect(checks.get('credential')).toMatchObject({ verdict: 'fail', found: expect.stringContaining('no token') })
    expect(checks.get('network of workstation')).toMatchObject({ verdict: 'ok' })
  })

  test('warns of a secret that nobody was there to give', async () => {
    const officers = join(home, 'officers.yaml')
    writeFileSync(
      officers,
      stringify({ officers: [{ name: 'crypto-officer-1', roles: ['crypto-officer'], key: 'keys/crypto-officer-1.pem' }] }),
    )
    const { checks } = await examine(undefined, '--officers', officers)
    expect(verdicts(checks)).toMatchObject({ credential: 'warn', 'key of crypto-officer-1': 'ok' })
  })

  test('looks only at what this machine’s own station needs', async () => {
    const { checks } = await examine((setup) => {
      setup.stations.workstation = { 'public-key': 'keys/workstation.pub.pem' }
    })
    expect(checks.has('credential')).toBe(false)
    expect(checks.has('module')).toBe(true)
    const { code, checks: none } = await examine((setup) => {
      setup.stations = { elsewhere: setup.stations.workstation }
    })
    expect(code).toBe(1)
    expect(none.get('station')).toMatchObject({ verdict: 'fail', found: 'elsewhere' })
  })
})

test('a folder that cannot be written to is found out by writing', async () => {
  const [folder] = await checkFolder('/proc/self')
  expect(folder).toMatchObject({ verdict: 'fail' })
  const place = join(home, 'not', 'there', 'yet')
  mkdirSync(join(home, 'not'))
  expect((await checkFolder(place)).map(({ verdict }) => verdict)).toEqual(['ok', 'ok'])
  rmSync(join(home, 'not'), { recursive: true })
})

test('a clock that is behind what is known is not believed', () => {
  expect(checkClock(Date.now() + 60_000)).toMatchObject({ verdict: 'fail', next: expect.stringContaining('timedatectl') })
  expect(checkClock(0).verdict).not.toBe('fail')
})
