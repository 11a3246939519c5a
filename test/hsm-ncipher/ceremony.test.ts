import { execFileSync } from 'node:child_process'
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { givePassphrases, type Outputs, openStation, type Station } from './station.ts'

const kekPair = generateKeyPairSync('rsa', { modulusLength: 4096 })
const { n, e } = kekPair.publicKey.export({ format: 'jwk' })
const KEK = { kid: `https://contoso-keys-eu.vault.azure.test/keys/kek/${'0123456789abcdef'.repeat(2)}`, n, e, bits: 4096 }
const WORLD = { module: 1, 'acs-quorum': '2/3' }
const CARDS = { module: 1, name: 'contoso', quorum: '2/3' }
const KEY = { 'card-set': 'contoso', label: 'storage-key', bits: 3072 }

let station: Station
let key: Outputs
beforeAll(async () => {
  station = await openStation(6)
  givePassphrases(station, 3)
})
afterAll(() => station.close())

/** Unwraps a package with the `openssl` command alone. */
function unwrapWithOpenssl(ciphertext: Buffer, kek: KeyObject): string {
  const folder = mkdtempSync(join(tmpdir(), 'ceremony-unwrap-'))
  const at = (name: string): string => join(folder, name)
  try {
    writeFileSync(at('kek.pem'), kek.export({ type: 'pkcs8', format: 'pem' }))
    writeFileSync(at('aes.enc'), ciphertext.subarray(0, 512))
    writeFileSync(at('key.enc'), ciphertext.subarray(512))
    const oaep = ['-pkeyopt', 'rsa_padding_mode:oaep', '-pkeyopt', 'rsa_oaep_md:sha1', '-pkeyopt', 'rsa_mgf1_md:sha1']
    const aes = execFileSync('openssl', ['pkeyutl', '-decrypt', '-inkey', at('kek.pem'), '-in', at('aes.enc'), ...oaep])
    expect(aes).toHaveLength(32)
    const unwrap = [
      'enc',
      '-d',
      '-id-aes256-wrap-pad',
      '-K',
      aes.toString('hex'),
      '-iv',
      'A65959A6',
      '-in',
      at('key.enc'),
      '-out',
      at('key.der'),
    ]
    execFileSync('openssl', unwrap)
    const modulus = execFileSync('openssl', ['rsa', '-inform', 'DER', '-in', at('key.der'), '-noout', '-modulus', '-check'], {
      stdio: 'pipe',
    })
    expect(modulus.toString()).toContain('RSA key ok')
    return /Modulus=([0-9A-F]+)/.exec(modulus.toString())![1]!.toLowerCase()
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('reads the state of a fresh module', async () => {
  const state = await station.outputs('module-state', { module: 1 })
  expect(state).toMatchObject({
    esn: expect.stringMatching(/^[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}$/),
    mode: 'operational',
    world: { state: 'none', hknso: null, quorum: null, fips_level_3: false },
    card_sets: [],
  })
})

test('finds out that nothing was done yet', async () => {
  for (const [action, input] of [
    ['create-world', WORLD],
    ['create-operator-cards', CARDS],
  ] as const) {
    expect(await station.call(action, input, 'reconcile')).toMatchObject({ ok: true, value: { verdict: 'not-done' } })
  }
})

test('makes a security world, and finds it again as its own', async () => {
  const world = await station.outputs('create-world', WORLD)
  expect(world).toEqual({ hknso: expect.stringMatching(/^[0-9a-f]{40}$/), quorum: '2/3', cards: 3, esn: expect.any(String) })
  expect(await station.call('create-world', WORLD, 'reconcile')).toMatchObject({ ok: true, value: { verdict: 'done', outputs: world } })
  expect(await station.call('create-world', { ...WORLD, 'acs-quorum': '1/3' }, 'reconcile')).toMatchObject({
    ok: true,
    value: { verdict: 'unknown' },
  })
  expect(await station.outputs('module-state', { module: 1 })).toMatchObject({
    mode: 'operational',
    world: { state: 'usable', hknso: world.hknso, quorum: '2/3' },
  })
})

test('never replaces a security world', async () => {
  expect(await station.call('create-world', WORLD)).toMatchObject({ ok: false, error: { code: 'hsm/world-exists', changed: 'nothing' } })
})

test('makes an operator card set, once', async () => {
  const cards = await station.outputs('create-operator-cards', CARDS)
  expect(cards).toEqual({ name: 'contoso', hkltu: expect.stringMatching(/^[0-9a-f]{40}$/), quorum: '2/3', cards: 3 })
  expect(await station.call('create-operator-cards', CARDS, 'reconcile')).toMatchObject({ value: { verdict: 'done', outputs: cards } })
  expect(await station.call('create-operator-cards', CARDS)).toMatchObject({ ok: false, error: { code: 'hsm/card-set-exists' } })
  expect(await station.outputs('module-state', { module: 1 })).toMatchObject({ card_sets: [{ name: 'contoso', quorum: '2/3' }] })
})

test('generates a key under the cards, once, and finds it again', async () => {
  expect(await station.call('generate-key', KEY, 'reconcile')).toMatchObject({ ok: true, value: { verdict: 'not-done' } })
  key = await station.outputs('generate-key', KEY)
  expect(key).toMatchObject({ key: { label: 'storage-key', card_set: 'contoso' }, e: 'AQAB', bits: 3072 })
  const modulus = Buffer.from(key.n, 'base64url')
  expect(modulus).toHaveLength(384)
  expect(key.modulus_sha256).toBe(createHash('sha256').update(modulus).digest('hex'))
  expect(await station.call('generate-key', KEY, 'reconcile')).toMatchObject({ ok: true, value: { verdict: 'done', outputs: key } })
  expect(await station.call('generate-key', KEY)).toMatchObject({ ok: false, error: { code: 'hsm/key-exists', changed: 'nothing' } })
})

test('wraps the key into a package that openssl unwraps to the HSM’s key', async () => {
  const wrapped = await station.outputs('wrap-for-azure', { key: key.key, kek: KEK })
  const bytes = station.artifact('storage-key-contoso-keys-eu.byok')
  expect(wrapped).toEqual({
    blob: { name: 'storage-key-contoso-keys-eu.byok', size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') },
    mechanism: 'CKM_RSA_PKCS_OAEP + CKM_AES_KEY_WRAP_PAD',
    kek_kid: KEK.kid,
    modulus_sha256: key.modulus_sha256,
  })
  const envelope = JSON.parse(bytes.toString('utf8'))
  expect(envelope).toMatchObject({
    schema_version: '1.0.0',
    header: { kid: KEK.kid, alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP' },
    ciphertext: expect.stringMatching(/^[A-Za-z0-9_-]+$/),
    generator: expect.stringContaining('hsm-ncipher'),
  })
  const modulus = unwrapWithOpenssl(Buffer.from(envelope.ciphertext, 'base64url'), kekPair.privateKey)
  expect(modulus).toBe(Buffer.from(key.n, 'base64url').toString('hex'))
})

test('wraps no key but the one that was named', async () => {
  const other = { ...key.key, id: '00'.repeat(16) }
  expect(await station.call('wrap-for-azure', { key: other, kek: KEK })).toMatchObject({ ok: false, error: { code: 'hsm/no-key' } })
})

test('did each thing once, and left no secret in what was recorded or in the twin’s log', () => {
  expect(station.effects()).toEqual(['world/create module 1', 'cardset/create contoso', 'key/generate contoso/storage-key'])
  const texts = [...station.recorded, readFileSync(join(station.twin, 'effects.jsonl'), 'utf8')].join('\n')
  expect(texts).toContain('operator-card/contoso/3')
  for (const secret of [...station.secrets.values()].flat()) expect(texts).not.toContain(secret)
})
