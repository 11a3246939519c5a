import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { SecretScanner, secretRules } from '../../engine/src/transcript/rules/secrets.ts'
import { artifactPath } from '../../engine/src/transcript/store.ts'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { linesOf, plan, sha256, write } from './sample.ts'

/** @returns the kinds that are found, as an artifact and as a statement that holds the text */
function kindsIn(bytes: Buffer): string[] {
  const scanner = new SecretScanner()
  scanner.read(bytes)
  return scanner.found()
}
const kindsInEntry = (value: unknown): string[] => {
  const found: string[] = []
  secretRules(Buffer.from(JSON.stringify(value)), value, (_, text) => void found.push(text))
  return found
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed25519 = generateKeyPairSync('ed25519')
const exported = [
  ...[rsa, p256, ed25519].map(({ privateKey }) => privateKey.export({ type: 'pkcs8', format: 'der' })),
  rsa.privateKey.export({ type: 'pkcs1', format: 'der' }),
  p256.privateKey.export({ type: 'sec1', format: 'der' }),
]
const pems = [
  ...[rsa, p256, ed25519].map(({ privateKey }) => privateKey.export({ type: 'pkcs8', format: 'pem' }) as string),
  rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }) as string,
  ed25519.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }) as string,
]

describe('found is', () => {
  test.each(exported.map((der, index) => ({ index, der })))(
    'a private key in DER, raw, in hex and in base64 at any place ($index)',
    ({ der }) => {
      const before = [0, 1, 2].map((count) => Buffer.concat([randomBytes(count), der]).toString('base64'))
      for (const form of [
        der,
        Buffer.from(der.toString('hex')),
        Buffer.from(der.toString('hex').toUpperCase()),
        ...before.map((text) => Buffer.from(text)),
      ])
        expect(kindsIn(form)).toContainEqual(expect.stringContaining('a private key'))
    },
  )

  test.each(pems.map((pem, index) => ({ index, pem })))(
    'a private key in PEM, as it is, in JSON, in JSON in JSON, and as a file in base64 ($index)',
    ({ pem }) => {
      const json = JSON.stringify({ body: pem })
      for (const form of [pem, json, JSON.stringify({ body: json }), JSON.stringify({ $bytes: Buffer.from(pem).toString('base64') })])
        expect(kindsIn(Buffer.from(form))).toContainEqual(expect.stringContaining('a private key'))
    },
  )

  const token = `eyJ${'a'.repeat(20)}.eyJ${'b'.repeat(40)}.${'c'.repeat(60)}`
  test.each([
    ['a signed token', { note: `use ${token}` }, 'a signed token (JWT)'],
    ['a bearer token', { headers: { authorization: `Bearer ${'x1'.repeat(30)}` } }, 'a bearer token'],
    ['an answer with a token', { body: JSON.stringify({ token_type: 'Bearer', access_token: 'x'.repeat(40) }) }, 'a credential'],
    ['a form with a client secret', { body: 'grant_type=client_credentials&client_secret=abcDEF12345&scope=x' }, 'a credential'],
    ['a client secret', { value: `abc8Q~${'d'.repeat(34)}` }, 'a client secret of Entra ID'],
    ['a PIN', { with: { pin: '123456' } }, 'a PIN or passphrase'],
    ['a passphrase', { Passphrase: 'correct horse' }, 'a PIN or passphrase'],
    ['a PIN of the security officer', { so_pin: 'x' }, 'a PIN or passphrase'],
    ['a passphrase among arguments', { args: ['--passphrase', 'correct horse'] }, 'a PIN or passphrase'],
    ['a PIN among arguments', { args: ['--pin=1234'] }, 'a PIN or passphrase'],
    ['a private key as a JWK', ed25519.privateKey.export({ format: 'jwk' }), 'a private key (JWK)'],
    ['a key of a storage account', { text: `AccountName=x;AccountKey=${'A'.repeat(86)}==` }, 'a key of a storage account'],
    ['a shared access signature', { url: `https://x.blob/y?sv=1&sig=${'A'.repeat(43)}%3D` }, 'a shared access signature'],
  ])('%s', (_, value, kind) => {
    expect(kindsInEntry({ predicate: value })).toContainEqual(expect.stringContaining(kind))
    expect(kindsIn(Buffer.from(JSON.stringify(value)))).toContain(`${kind} in line 1`)
    expect(kindsIn(Buffer.from(JSON.stringify({ body: JSON.stringify(value) })))).toContain(`${kind} in line 1`)
  })
})

test.each([
  [
    'public keys',
    [rsa, p256, ed25519]
      .flatMap(({ publicKey }) => [
        publicKey.export({ type: 'spki', format: 'pem' }),
        publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
        JSON.stringify(publicKey.export({ format: 'jwk' })),
      ])
      .join('\n'),
  ],
  ['the stand-in for a token', JSON.stringify({ authorization: 'Bearer ceremony-stand-in.https://vault.azure.net/.default' })],
  ['a challenge', 'Bearer authorization="https://login.microsoftonline.com/0000-1111-2222-3333", resource="https://vault.azure.net"'],
  ['the name of a secret', JSON.stringify({ pin: { secret: 'operator-card/contoso/2', ask: 'Passphrase of card 2' }, secret: 'x/y' })],
  ['a schema of a secret', JSON.stringify({ properties: { passphrase: { type: 'string' }, client_secret: { type: 'string' } } })],
  ['words about keys and passphrases', 'Type the passphrase of the PRIVATE KEY, then the PIN. "wrong passphrase", "bad PIN"'],
  ['digests and chance', Array.from({ length: 200 }, () => `${sha256(randomBytes(8))} ${randomBytes(200).toString('base64')}`).join('\n')],
])('not taken for a secret: %s', (_, text) => {
  expect(kindsIn(Buffer.from(text))).toEqual([])
})

test('a secret across the seam of two blocks is found once, with the line it stands in', () => {
  const text = Buffer.from(`${'line\n'.repeat(30_000)}${pems[0]}${'more\n'.repeat(30_000)}`)
  for (const at of [150_000, 150_010, 150_030, 160_000]) {
    const scanner = new SecretScanner()
    scanner.read(text.subarray(0, at))
    scanner.read(text.subarray(at))
    expect(scanner.found()).toEqual(expect.arrayContaining(['a private key (PEM) in line 30001']))
    expect(scanner.found().filter((found) => found.includes('(PEM)'))).toHaveLength(1)
  }
})

test('an entry that holds one is found, with where in it, and the secret is not shown', async () => {
  const dir = await write(
    plan().map((entry) =>
      entry.body.kind === 'deviation' ? { ...entry, body: { ...entry.body, note: `the key was ${pems[0]}` } } : entry,
    ),
  )
  const { findings } = await verifyTranscript(dir)
  expect(findings).toEqual([{ line: 19, rule: 'secret/entry', found: 'a private key (PEM) at /predicate/note', expected: 'no secret' }])
  expect(JSON.stringify(findings)).not.toContain(pems[0]!.slice(60, 90))
})

test('an artifact that holds one is found at the entry that names it', async () => {
  const bytes = Buffer.from(`{"ask":0}\n{"answer":0,"value":{"pin":"123456"}}\n`)
  const entries = plan()
  Object.assign(entries[3]!.body, { exchanges: { sha256: sha256(bytes), count: 2 } })
  const dir = await write(entries)
  writeFileSync(artifactPath(dir, sha256(bytes)), bytes)
  const { findings } = await verifyTranscript(join(dir))
  expect(findings).toEqual([
    { line: 4, rule: 'secret/artifact', found: `a PIN or passphrase in line 2 of artifact ${sha256(bytes)}`, expected: 'no secret' },
  ])
  expect(linesOf(dir).join()).not.toContain('123456')
})
