import { readdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { givePassphrases, openStation, removeFromReader, type Station } from './station.ts'

const WORLD = { module: 1, 'acs-quorum': '2/3' }
const CARDS = { module: 1, name: 'contoso', quorum: '2/3' }
const KEY = { 'card-set': 'contoso', label: 'storage-key', bits: 2048 }

const stations: Station[] = []
afterAll(() => Promise.all(stations.map((station) => station.close())))

async function open(cards: number, model?: 'edge'): Promise<Station> {
  const station = await openStation(cards, model)
  stations.push(station)
  givePassphrases(station, 3, 'second')
  givePassphrases(station, 3)
  return station
}

describe('an operator card set of two in three', () => {
  let station: Station
  beforeAll(async () => {
    station = await open(6)
    await station.outputs('create-world', WORLD)
    await station.outputs('create-operator-cards', CARDS)
  })
  beforeEach(() => {
    station.asked.length = 0
  })

  test('opens after a wrong passphrase, once the right one is given: it says so and asks again', async () => {
    const right = station.secrets.get('operator-card/contoso/1') as string
    station.secrets.set('operator-card/contoso/1', ['a wrong one', 'another', right])
    await station.outputs('generate-key', KEY)
    expect(station.asked.filter((asked) => typeof asked === 'string')).toEqual([
      'operator-card/contoso/3, 1',
      'operator-card/contoso/1, 1',
      'operator-card/contoso/1, 2',
      'operator-card/contoso/1, 3',
    ])
    station.secrets.set('operator-card/contoso/1', right)
  })

  test('stays shut when nobody knows a passphrase', async () => {
    const known = station.secrets.get('operator-card/contoso/2')!
    station.secrets.delete('operator-card/contoso/2')
    expect(await station.call('generate-key', { ...KEY, label: 'another-key' })).toMatchObject({
      ok: false,
      error: { code: 'hsm/quorum-not-met', found: '1 card of `contoso` read', message: expect.stringContaining('nobody gave the secret') },
    })
    station.secrets.set('operator-card/contoso/2', known)
  })

  test('stays shut with one card too few, and the error says how many cards there were and must be', async () => {
    // The cards were written in the order of the rack: these are two of the three. One is still in the reader.
    const reader = readFileSync(join(station.twin, 'slot.json'), 'utf8')
    const lost = ['C004', 'C005', 'C006'].filter((label) => !reader.includes(`"card": "${label}"`))
    expect(lost).toHaveLength(2)
    for (const label of lost) renameSync(join(station.twin, 'rack', `${label}.card`), join(station.twin, `${label}.lost`))
    expect(await station.call('generate-key', { ...KEY, label: 'another-key' })).toMatchObject({
      ok: false,
      error: {
        code: 'hsm/quorum-not-met',
        message: expect.stringContaining("no further operator card of `contoso'"),
        found: '1 card of `contoso` read',
        expected: '2 cards of the 3',
        changed: 'nothing',
      },
    })
    expect(station.effects().filter((effect) => effect.startsWith('key/'))).toEqual(['key/generate contoso/storage-key'])
  })
})

test('when the cards run out half-way no world comes to be, and once more are there it does', async () => {
  const station = await open(3)
  station.hands = 3
  expect(await station.call('create-world', WORLD)).toMatchObject({
    ok: false,
    error: {
      code: 'hsm/cards-missing',
      found: '2 cards written',
      expected: '3 cards',
      changed: expect.stringContaining('2 cards written'),
    },
  })
  expect(await station.call('create-world', WORLD, 'reconcile')).toMatchObject({ value: { verdict: 'not-done' } })
  station.hands = Number.POSITIVE_INFINITY
  await station.outputs('create-world', WORLD)
  expect(station.effects().sort()).toEqual(['card/format C001', 'card/format C002', 'world/create module 1'])
  expect(readdirSync(join(station.twin, 'rack'))).toHaveLength(3)
}, 30_000)

test('an Edge, whose mode is changed by a switch, is brought into its modes by hand', async () => {
  const station = await open(3, 'edge')
  await station.outputs('create-world', WORLD)
  const switched = station.asked.flatMap((asked) => (typeof asked !== 'string' && asked.hands === 'set-mode' ? [asked.details] : []))
  expect(switched).toEqual([
    { module: 1, mode: 'initialization' },
    { module: 1, mode: 'operational' },
  ])
}, 30_000)

test('under FIPS 140 level 3 an administrator card authorises new operator cards', async () => {
  const station = await open(9)
  await station.outputs('create-world', { ...WORLD, 'fips-level-3': true })
  expect(await station.outputs('module-state', { module: 1 })).toMatchObject({ world: { fips_level_3: true } })
  station.asked.length = 0
  await station.outputs('create-operator-cards', CARDS)
  expect(station.asked.slice(0, 2)).toEqual(['administrator-card/3, 1', expect.objectContaining({ hands: 'remove-card' })])

  station.asked.length = 0
  removeFromReader(station)
  await station.outputs('create-operator-cards', { ...CARDS, name: 'second' })
  expect(station.asked.slice(0, 2)).toEqual([
    expect.objectContaining({ details: { slot: '0', kind: 'administrator' } }),
    'administrator-card/1, 1',
  ])
}, 30_000)
