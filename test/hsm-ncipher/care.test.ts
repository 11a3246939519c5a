import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { givePassphrases, type Outputs, openStation, removeFromReader, type Station, TOOLS, twinEnvironment } from './station.ts'

const WORLD = { module: 1, 'acs-quorum': '2/3' }
const CARDS = { module: 1, name: 'contoso', quorum: '2/3' }

let station: Station
let world: Outputs
let key: Outputs
/** The folder as it was before anything was replaced: a backup of the key management data. */
const backup = mkdtempSync(join(tmpdir(), 'ceremony-backup-'))

beforeAll(async () => {
  station = await openStation(10)
  givePassphrases(station, 3)
  for (const card of [1, 2, 3]) station.secrets.set(`new-administrator-card/${card}`, `new-admin-${card}`)
  world = await station.outputs('create-world', WORLD)
  await station.outputs('create-operator-cards', CARDS)
  key = await station.outputs('generate-key', { 'card-set': 'contoso', label: 'storage-key', bits: 2048 })
  cpSync(station.twin, backup, { recursive: true })
}, 60_000)
afterAll(async () => {
  await station.close()
  rmSync(backup, { recursive: true })
})

describe('a card', () => {
  test.each([
    [{ number: 2 }, { kind: 'administrator', number: 2, card_set: null }],
    [
      { number: 3, 'card-set': 'contoso' },
      { kind: 'operator', number: 3, card_set: 'contoso' },
    ],
  ])('%j is put in, whatever was in the reader, and its passphrase tried', async (card, found) => {
    station.asked.length = 0
    expect(await station.outputs('check-card', { module: 1, ...card })).toEqual({ ...found, opens: true })
    expect(station.asked.some((asked) => typeof asked !== 'string' && asked.details.number === card.number)).toBe(true)
  })

  test('whose passphrase nobody knows any more is reported as shut, and nothing is changed', async () => {
    const known = station.secrets.get('operator-card/contoso/1')!
    station.secrets.set('operator-card/contoso/1', 'forgotten')
    const shut = await station.call('check-card', { module: 1, number: 1, 'card-set': 'contoso' })
    station.secrets.set('operator-card/contoso/1', known)
    expect(shut).toMatchObject({ ok: false, error: { code: 'hsm/card-shut', changed: 'nothing' } })
  })

  test('that is lost is missed', async () => {
    expect(await station.call('check-card', { module: 1, number: 4 })).toMatchObject({
      ok: false,
      error: { code: 'hsm/card-missing', message: expect.stringContaining('number 4'), found: 'no card' },
    })
  })

  test('of a set in force is not erased', async () => {
    expect(station.effects()).not.toContainEqual(expect.stringContaining('card/format'))
  })
})

describe('replacing the administrator cards', () => {
  test('is refused for another world than the one named', async () => {
    expect(await station.call('replace-administrator-cards', { module: 1, hknso: '0'.repeat(40) })).toMatchObject({
      ok: false,
      error: { code: 'hsm/other-world', changed: 'nothing' },
    })
  })

  test('leaves the old cards in force when it is stopped among the new ones', async () => {
    station.hands = 4
    expect(await station.call('replace-administrator-cards', { module: 1, hknso: world.hknso })).toMatchObject({
      ok: false,
      error: { code: 'hsm/cards-missing' },
    })
    station.hands = Number.POSITIVE_INFINITY
    expect(await station.outputs('check-card', { module: 1, number: 1 })).toMatchObject({ opens: true })
  })

  test('makes new cards with the same quorum for the same world', async () => {
    expect(await station.outputs('replace-administrator-cards', { module: 1, hknso: world.hknso })).toEqual({
      hknso: world.hknso,
      quorum: '2/3',
      cards: 3,
    })
    expect(await station.outputs('check-card', { module: 1, number: 3, new: true })).toMatchObject({ kind: 'administrator', number: 3 })
    expect(await station.call('replace-administrator-cards', { module: 1, hknso: world.hknso }, 'reconcile')).toMatchObject({
      value: { verdict: 'not-done', facts: expect.stringContaining('safe') },
    })
  })

  test('leaves keys and operator cards as they were', async () => {
    expect(await station.outputs('find-key', { 'card-set': 'contoso', label: 'storage-key' })).toMatchObject({
      key: key.key,
      modulus_sha256: key.modulus_sha256,
    })
  })
})

describe('a new module', () => {
  let restored: Station
  beforeAll(async () => {
    restored = await openStation(1)
    for (const [name, value] of station.secrets) restored.secrets.set(name, value)
  })
  afterAll(() => restored.close())

  /** Puts a new module in the place of the broken one, with the key data and the cards of that folder. */
  function replaceModule(from: string): void {
    rmSync(restored.twin, { recursive: true })
    execFileSync('mkdir', [restored.twin])
    execFileSync(join(TOOLS, 'new-rack'), ['--from', from, '--new-module', '0A1B-2C3D-4E5F', '--cards', '0'], {
      env: { ...process.env, ...twinEnvironment(restored.twin) },
    })
  }

  test('without the world file on its host is not programmed', async () => {
    expect(await restored.call('load-world', { module: 1, hknso: world.hknso })).toMatchObject({
      ok: false,
      error: { code: 'hsm/no-world-file', changed: 'nothing' },
    })
  })

  test('is refused too few administrator cards, and stays without the world', async () => {
    replaceModule(station.twin)
    for (const card of [1, 2, 3]) restored.secrets.set(`administrator-card/${card}`, `new-admin-${card}`)
    const { hkltnso } = JSON.parse(readFileSync(join(restored.twin, 'kmdata', 'local', 'world'), 'utf8')) as { hkltnso: string }
    const inForce = execFileSync('grep', ['-l', hkltnso, '-r', join(restored.twin, 'rack')])
      .toString()
      .trim()
      .split('\n')
      .sort()
    const lost = inForce.slice(0, 2).map((card) => [card, `${card}.lost`] as const)
    removeFromReader(restored)
    for (const [card, away] of lost) renameSync(card, away)
    expect(await restored.call('load-world', { module: 1, hknso: world.hknso })).toMatchObject({
      ok: false,
      error: { code: 'hsm/quorum-not-met', found: '1 card read', expected: '2 cards of the 3', changed: 'nothing' },
    })
    for (const [card, away] of lost) renameSync(away, card)
    expect(await restored.call('load-world', { module: 1, hknso: world.hknso }, 'reconcile')).toMatchObject({
      value: { verdict: 'not-done' },
    })
    expect(await restored.outputs('module-state', { module: 1 })).toMatchObject({ world: { state: 'unusable' } })
  })

  test('gets the world by the new administrator cards, and opens the keys again', async () => {
    const loaded = await restored.outputs('load-world', { module: 1, hknso: world.hknso })
    expect(loaded).toMatchObject({ hknso: world.hknso, quorum: '2/3' })
    expect(loaded.esn).not.toBe(world.esn)
    expect(await restored.call('load-world', { module: 1, hknso: world.hknso }, 'reconcile')).toMatchObject({
      value: { verdict: 'done', outputs: loaded },
    })
    expect(await restored.outputs('find-key', { 'card-set': 'contoso', label: 'storage-key' })).toMatchObject({
      modulus_sha256: key.modulus_sha256,
    })
  })

  test('is opened by the old cards from an old backup: why they are erased', async () => {
    replaceModule(backup)
    for (const card of [1, 2, 3]) restored.secrets.set(`administrator-card/${card}`, station.secrets.get(`administrator-card/${card}`)!)
    expect(await restored.outputs('load-world', { module: 1, hknso: world.hknso })).toMatchObject({ hknso: world.hknso })
  })
})

test('retired administrator cards are erased one by one', async () => {
  for (const number of [1, 2, 3]) {
    removeFromReader(station)
    expect(await station.outputs('erase-card', { module: 1, number })).toEqual({ number, state: 'blank' })
    expect(await station.call('erase-card', { module: 1, number }, 'reconcile')).toMatchObject({ value: { verdict: 'done' } })
  }
  expect(readFileSync(join(station.twin, 'effects.jsonl'), 'utf8').match(/card\/format/g)?.length).toBeGreaterThanOrEqual(3)
})
