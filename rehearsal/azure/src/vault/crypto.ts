/** Uses keys: encrypt, decrypt, wrap, unwrap, sign, verify. */
import { constants, createPublicKey, privateDecrypt, privateEncrypt, publicDecrypt, publicEncrypt } from 'node:crypto'
import { jsonBody, Refusal, type Reply, type Route } from '../route.ts'
import type { Twin } from '../twin.ts'
import { type Call, operation, requireVersion } from './call.ts'
import { bad, base64url, text } from './input.ts'
import { type KeyVersion, keyId, privateKeyOf } from './key.ts'

const { RSA_PKCS1_OAEP_PADDING, RSA_PKCS1_PADDING } = constants
const ENCRYPTION: Readonly<Record<string, { padding: number; oaepHash?: string }>> = {
  RSA1_5: { padding: RSA_PKCS1_PADDING },
  'RSA-OAEP': { padding: RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
  'RSA-OAEP-256': { padding: RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
}
/** The DER that stands before a digest in a PKCS#1 signature (RFC 8017, 9.2, note 1), and the digest's length. */
const SIGNATURE: Readonly<Record<string, { prefix: string; length: number }>> = {
  RS256: { prefix: '3031300d060960864801650304020105000420', length: 32 },
  RS384: { prefix: '3041300d060960864801650304020205000430', length: 48 },
  RS512: { prefix: '3051300d060960864801650304020305000440', length: 64 },
}

type Name = 'encrypt' | 'decrypt' | 'wrapKey' | 'unwrapKey' | 'sign' | 'verify'

const RUN: Record<Name, (call: Call, version: KeyVersion) => unknown> = {
  encrypt,
  wrapKey: encrypt,
  decrypt,
  unwrapKey: decrypt,
  sign: (call, version) => {
    const { alg, value } = signatureInput(call, 'value')
    return privateEncrypt({ key: privateKeyOf(version), padding: RSA_PKCS1_PADDING }, digestInfo(alg, value)).toString('base64url')
  },
  verify: (call, version) => {
    const { body, alg, value } = signatureInput(call, 'digest')
    try {
      const opened = publicDecrypt({ key: createPublicKey(privateKeyOf(version)), padding: RSA_PKCS1_PADDING }, base64url(body, 'value'))
      return opened.equals(digestInfo(alg, value))
    } catch (error) {
      if (error instanceof Refusal) throw error
      return false
    }
  },
}

/** @returns a route for each operation, with the key's version in the path or without it */
export const cryptoRoutes = (twin: Twin): Route[] =>
  (Object.keys(RUN) as Name[]).flatMap((name) =>
    ['/keys/:name', '/keys/:name/:version'].map((path) =>
      operation(twin, 'POST', `${path}/${name.toLowerCase()}`, name, (call) => use(call, name)),
    ),
  )

function use(call: Call, name: Name): Reply {
  const { key, version } = requireVersion(call)
  requireUsable(version, name, call.twin.clock.now() / 1000)
  const value = RUN[name](call, version)
  return { status: 200, body: name === 'verify' ? { value } : { kid: keyId(key, version), value } }
}

function requireUsable(version: KeyVersion, name: Name, now: number): void {
  const forbidden = (message: string, inner: string): Refusal =>
    new Refusal(403, 'Forbidden', `Operation ${name} is not ${message}`, { inner })
  if (!version.enabled) throw forbidden('allowed on a disabled key.', 'KeyDisabled')
  if (version.notBefore !== null && now < version.notBefore) throw forbidden('allowed on a key that is not yet valid.', 'KeyNotYetValid')
  const protects = name === 'encrypt' || name === 'wrapKey' || name === 'sign'
  if (protects && version.expires !== null && now >= version.expires) throw forbidden('allowed on an expired key.', 'KeyExpired')
  if (!version.operations.includes(name)) throw forbidden('permitted on this key.', 'KeyOperationForbidden')
}

function encrypt(call: Call, version: KeyVersion): string {
  const { padding, value } = encryptionInput(call)
  try {
    return publicEncrypt({ key: createPublicKey(privateKeyOf(version)), ...padding }, value).toString('base64url')
  } catch {
    throw bad('Property value is too long for this key and algorithm.')
  }
}

function decrypt(call: Call, version: KeyVersion): string {
  const { padding, value } = encryptionInput(call)
  try {
    return privateDecrypt({ key: privateKeyOf(version), ...padding }, value).toString('base64url')
  } catch {
    throw bad('The parameter is incorrect: the value could not be decrypted with this key and algorithm.')
  }
}

function encryptionInput(call: Call) {
  const body = jsonBody(call.request)
  const padding = ENCRYPTION[algorithm(text(body, 'alg'), ENCRYPTION)]!
  return { padding, value: base64url(body, 'value') }
}

function signatureInput(call: Call, digest: 'value' | 'digest') {
  const body = jsonBody(call.request)
  const alg = text(body, 'alg')
  if (/^PS(256|384|512)$/.test(alg)) throw new Refusal(501, 'NotImplemented', 'The twin signs with RS256, RS384 and RS512 only.')
  return { body, alg: algorithm(alg, SIGNATURE), value: base64url(body, digest) }
}

function algorithm(name: string, known: object): string {
  if (Object.hasOwn(known, name)) return name
  throw bad(`Property alg has an invalid value: '${name.slice(0, 40)}' is not one of ${Object.keys(known).join(', ')}.`)
}

function digestInfo(alg: string, digest: Buffer): Buffer {
  const { prefix, length } = SIGNATURE[alg]!
  if (digest.length !== length) throw bad(`A digest of ${length} bytes is expected for ${alg}, not ${digest.length}.`)
  return Buffer.concat([Buffer.from(prefix, 'hex'), digest])
}
