import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TrustError } from '../../engine/src/transcript/trust.ts'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { wordsOf } from '../../engine/src/transcript/words.ts'
import { folder, KEYS, rulesOf, writeShort } from './sample.ts'

const dir = await writeShort()
const USED = ['room', 'officer-1', 'officer-2', 'officer-3', 'witness-1'] as const
const trustFile = (text: string): string => {
  const file = join(folder(), 'trust.yaml')
  writeFileSync(file, text)
  return file
}
const pem = (key: string): string => `- |\n${key.replace(/^/gm, '  ')}\n`

test('without a trust file the result says that it is self-asserted', async () => {
  const { verdict, trusted } = await verifyTranscript(dir)
  expect(verdict).toContain('self-asserted')
  expect(trusted).toBe(false)
})

test('fingerprints in any usual spelling, and public keys, are trusted', async () => {
  const [first, second, third, ...rest] = USED.map((name) => KEYS[name])
  const text = `- ${first!.keyid}\n- "${second!.keyid.toUpperCase().replace(/(..)(?=.)/g, '$1:')}"\n- ${third!.keyid.replace(/(.{8})/g, '$1 ')}\n`
  const result = await verifyTranscript(dir, { trust: trustFile(text + rest.map((key) => pem(key.publicKey)).join('')) })
  expect(result).toMatchObject({ ok: true, trusted: true })
  expect(result.verdict).toContain('keys that you trust')
})

test('a key that the file does not name is a finding', async () => {
  const text = USED.filter((name) => name !== 'officer-2').map((name) => `- ${KEYS[name].keyid}\n`)
  const result = await verifyTranscript(dir, { trust: trustFile(text.join('')) })
  expect(rulesOf(result)).toEqual(['trust/unknown 0'])
  expect(result.findings[0]!.found).toContain('officer-2')
})

test.each([
  ['nothing', ''],
  ['an empty list', '[]'],
  ['a map', 'officers: []'],
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
