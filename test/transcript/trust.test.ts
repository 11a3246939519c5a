import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { TrustError } from '../../engine/src/transcript/trust.ts'
import { type Verification, verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { wordsOf } from '../../engine/src/transcript/words.ts'
import { folder, KEYS, linesOf, type Name, rewrite, rulesOf, writeShort } from './sample.ts'

const dir = await writeShort()
const OFFICERS = ['officer-1', 'officer-2', 'officer-3', 'witness-1'] as const
const USED = ['room', ...OFFICERS] as const
const trustFile = (text: string): string => {
  const file = join(folder(), 'trust.yaml')
  writeFileSync(file, text)
  return file
}
const trusting = (about: unknown): Promise<Verification> => verifyTranscript(dir, { trust: trustFile(stringify(about)) })
const keys = (...names: Name[]): string[] => names.map((name) => KEYS[name].keyid)

test('without a trust file the result says that it is self-asserted', async () => {
  const { verdict, trusted } = await verifyTranscript(dir)
  expect(verdict).toContain('self-asserted')
  expect(trusted).toBe(false)
})

describe('a list', () => {
  test('of fingerprints in any usual spelling, and of public keys, is trusted', async () => {
    const [first, second, third, ...rest] = USED.map((name) => KEYS[name])
    const spelled = [
      first!.keyid,
      second!.keyid.toUpperCase().replace(/(..)(?=.)/g, '$1:'),
      third!.keyid.replace(/(.{8})/g, '$1 '),
      ...rest.map(({ publicKey }) => publicKey),
    ]
    const result = await trusting(spelled)
    expect(result).toMatchObject({ ok: true, trusted: true })
    expect(result.verdict).toContain('keys that you trust')
  })

  test('must name every officer and station', async () => {
    for (const left of USED) {
      const result = await trusting(keys(...USED.filter((name) => name !== left)))
      expect(rulesOf(result)).toEqual(['trust/unknown 0'])
      expect(result).toMatchObject({ ok: false, trusted: false })
      expect(result.findings[0]!.found).toContain(left)
    }
  })
})

describe('a map', () => {
  test('of the officers is enough: they sign the stations’ keys', async () => {
    expect(await trusting({ officers: keys(...OFFICERS) })).toMatchObject({ ok: true, trusted: true })
    expect(rulesOf(await trusting({ officers: keys('officer-1') }))).toEqual(['trust/unknown 0', 'trust/unknown 0', 'trust/unknown 0'])
  })

  test('with stations must name the stations too', async () => {
    expect(await trusting({ officers: keys(...OFFICERS), stations: keys('room', 'desk') })).toMatchObject({ trusted: true })
    expect(rulesOf(await trusting({ officers: keys(...OFFICERS), stations: keys('desk') }))).toEqual(['trust/unknown 0'])
  })

  test('with names and roles holds officers and stations to them', async () => {
    const officer = (name: Name, about: object): object => ({ key: KEYS[name].keyid, ...about })
    const others = keys('officer-2', 'officer-3', 'witness-1')
    const first = (about: object) => trusting({ officers: [officer('officer-1', about), ...others] }).then(rulesOf)
    expect(await first({ name: 'officer-1', roles: ['crypto-officer', 'auditor'] })).toEqual([])
    expect(await first({ name: 'Ada' })).toEqual(['trust/name 0'])
    expect(await first({ roles: ['internal-witness'] })).toEqual(['trust/role 0'])
    expect(await first({ roles: [] })).toEqual(['trust/role 0'])
    const station = { officers: keys(...OFFICERS), stations: [{ key: KEYS.room.publicKey, name: 'desk' }] }
    expect(rulesOf(await trusting(station))).toEqual(['trust/name 0'])
  })

  test('with `at-least` is content with so many of its officers, whoever the others are', async () => {
    const officers = keys('officer-1', 'witness-1', 'stranger')
    expect(await trusting({ 'at-least': 2, officers })).toMatchObject({ ok: true, trusted: true })
    expect(rulesOf(await trusting({ 'at-least': 3, officers }))).toEqual(['trust/at-least 0', 'trust/at-least 0'])
    expect(
      rulesOf(await trusting({ 'at-least': 2, officers: [{ key: KEYS['officer-1'].keyid, name: 'Ada' }, ...keys('witness-1')] })),
    ).toEqual(['trust/name 0'])
  })

  test('counts those who signed, not those who are named', async () => {
    const other = folder()
    const lines = linesOf(await writeShort())
    const opened = JSON.parse(lines[0]!)
    rewrite(other, [JSON.stringify({ ...opened, signatures: opened.signatures.slice(0, 2) })])
    const result = await verifyTranscript(other, {
      trust: trustFile(stringify({ 'at-least': 2, officers: keys('officer-1', 'officer-2') })),
    })
    expect(rulesOf(result)).toContain('trust/at-least 0')
  })
})

test.each([
  ['nothing', ''],
  ['an empty list', '[]'],
  ['a map of nothing', 'officers: []'],
  ['a map with another name', `officers: [${'ab'.repeat(32)}]\nmore: 1`],
  ['more wanted than named', `at-least: 2\nofficers: [${'ab'.repeat(32)}]`],
  ['none wanted', `at-least: 0\nofficers: [${'ab'.repeat(32)}]`],
  ['a role of a station', `officers: [${'ab'.repeat(32)}]\nstations: [{ key: ${'ab'.repeat(32)}, roles: [x] }]`],
  ['half a fingerprint', `- ${'ab'.repeat(16)}`],
  ['a number', '- 7'],
  ['half a key', '- "-----BEGIN PUBLIC KEY-----"'],
  ['what is no YAML', '- "'],
  ['an alias', `- &a ${'ab'.repeat(32)}\n- *a`],
])('a trust file with %s is refused', async (_, text) => {
  await expect(verifyTranscript(dir, { trust: trustFile(text) })).rejects.toThrow(TrustError)
})

test('a head of the right digest holds, another does not', async () => {
  const { head } = await verifyTranscript(dir)
  expect(await verifyTranscript(dir, { head: head!.toUpperCase() })).toMatchObject({ ok: true })
  expect(rulesOf(await verifyTranscript(dir, { head: 'ab'.repeat(32) }))).toEqual(['head/digest 0'])
})

test('a fingerprint reads as words of the PGP word list', () => {
  expect(wordsOf('e58294f2e9a227486e8b061b31cc528fd7fa3f19').join(' ')).toBe(
    'topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator goldfish Medusa afflict bravado chatter revolver Dupont midsummer stopwatch whimsical cowbell bottomless',
  )
  const every = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0').repeat(2)).flatMap(wordsOf)
  expect(new Set(every).size).toBe(512)
})
