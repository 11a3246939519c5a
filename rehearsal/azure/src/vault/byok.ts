/** Opens a key transfer blob: the envelope, then RSA-OAEP(SHA-1) around an AES key, then AES-KWP (RFC 5649) around the key. */
import { constants, createDecipheriv, createPrivateKey, type KeyObject, privateDecrypt } from 'node:crypto'
import { isObject, type Json } from '../route.ts'
import type { Store } from '../store.ts'
import { bad } from './input.ts'
import { type KeyVersion, keyOf, keyState, parseKeyId, privateKeyOf, versionOf } from './key.ts'
import type { Vault } from './vault.ts'

/** The alternative initial value of RFC 5649. */
const AIV = Buffer.from('a65959a6', 'hex')
const MAX_BLOB = 64 * 1024

/**
 * Unwraps the target key of a blob that was made for a key exchange key of this vault.
 * @throws Refusal BadParameter that says what is wrong with the blob
 */
export function openBlob(store: Store, vault: Vault, now: number, blob: Buffer): KeyObject {
  const { kid, ciphertext } = envelope(blob)
  const pkcs8 = unwrap(keyExchangeKey(store, vault, now, kid), ciphertext)
  try {
    return createPrivateKey({ key: pkcs8, type: 'pkcs8', format: 'der' })
  } catch {
    throw bad('The key transfer blob does not hold a PKCS#8 private key.')
  }
}

function envelope(blob: Buffer): { kid: string; ciphertext: Buffer } {
  if (blob.length > MAX_BLOB) throw bad('Property key_hsm is too long for a key transfer blob.')
  const parsed = parse(blob)
  exactly(parsed, ['schema_version', 'header', 'ciphertext', 'generator'], ['generator'])
  if (parsed.schema_version !== '1.0.0') throw bad('The key transfer blob has an unknown schema_version; "1.0.0" is expected.')
  const header = parsed.header
  if (!isObject(header)) throw bad('The key transfer blob has no header.')
  exactly(header, ['kid', 'alg', 'enc'])
  if (header.alg !== 'dir') throw bad('The key transfer blob has an unknown alg; "dir" is expected.')
  if (header.enc !== 'CKM_RSA_AES_KEY_WRAP') throw bad('The key transfer blob has an unknown enc; "CKM_RSA_AES_KEY_WRAP" is expected.')
  if (typeof header.kid !== 'string') throw bad('The key transfer blob has no kid.')
  const ciphertext = typeof parsed.ciphertext === 'string' ? Buffer.from(parsed.ciphertext, 'base64url') : Buffer.alloc(0)
  if (ciphertext.length === 0 || ciphertext.toString('base64url') !== parsed.ciphertext) {
    throw bad('The ciphertext of the key transfer blob is not base64url without padding.')
  }
  return { kid: header.kid, ciphertext }
}

function parse(blob: Buffer): Json {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(blob))
    if (isObject(parsed)) return parsed
  } catch {
    // said below
  }
  throw bad('Property key_hsm does not hold a key transfer blob: a JSON object is expected.')
}

function exactly(object: Json, names: readonly string[], optional: readonly string[] = []): void {
  for (const name of Object.keys(object))
    if (!names.includes(name)) throw bad(`The key transfer blob has an unknown property '${name.slice(0, 60)}'.`)
  for (const name of names)
    if (!(name in object) && !optional.includes(name)) throw bad(`The key transfer blob lacks the property '${name}'.`)
}

function keyExchangeKey(store: Store, vault: Vault, now: number, kid: string): KeyVersion {
  const id = parseKeyId(kid)
  if (!id) throw bad('The kid of the key transfer blob is not a key identifier.')
  if (id.vault !== vault.name.toLowerCase()) {
    throw bad(
      `The key transfer blob was made for a key exchange key of another vault: its kid names '${id.vault}', this vault is '${vault.name}'.`,
    )
  }
  if (id.version === '') throw bad('The kid of the key transfer blob has no version.')
  const key = keyOf(store, id.vault, id.name)
  const version = key && keyState(key, now) === 'active' ? versionOf(key, id.version) : undefined
  if (!version) throw bad(`The key exchange key ${kid} was not found in this vault.`)
  if (!version.enabled) throw bad(`The key exchange key ${kid} is disabled.`)
  if (version.kty !== 'RSA-HSM' || !version.operations.includes('import')) {
    throw bad(`The key ${kid} is not a key exchange key: it must be of type RSA-HSM with the key operation "import".`)
  }
  return version
}

function unwrap(kek: KeyVersion, ciphertext: Buffer): Buffer {
  const split = kek.bits / 8
  const wrapped = ciphertext.subarray(split)
  if (wrapped.length < 24 || wrapped.length % 8 !== 0)
    throw bad('The ciphertext of the key transfer blob has a wrong length for this key exchange key.')
  try {
    const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }
    const aes = privateDecrypt({ key: privateKeyOf(kek), ...padding }, ciphertext.subarray(0, split))
    const decipher = createDecipheriv(`id-aes${aes.length * 8}-wrap-pad`, aes, AIV)
    return Buffer.concat([decipher.update(wrapped), decipher.final()])
  } catch {
    throw bad('The key transfer blob could not be unwrapped with this key exchange key.')
  }
}
