/** DSSE envelopes (secure-systems-lab/dsse v1): signing, strict reading, checking a signature. */
import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { CanonicalError, canonicalize, parseCanonical } from './canonical.ts'
import { PAYLOAD_TYPE } from './entry.ts'

export interface Signature {
  /** SHA-256 of the key's SubjectPublicKeyInfo (DER), hex. */
  readonly keyid: string
  /** Base64: 64 bytes of Ed25519, or an ECDSA signature in DER (RFC 3279, section 2.2.3). */
  readonly sig: string
}
export interface Envelope {
  /** Base64 of the statement's bytes. */
  readonly payload: string
  readonly payloadType: typeof PAYLOAD_TYPE
  readonly signatures: readonly Signature[]
}

/** Something that can sign; a key file today, a smartcard tomorrow. */
export interface Signer {
  readonly keyid: string
  /** SubjectPublicKeyInfo, PEM. */
  readonly publicKey: string
  sign(message: Uint8Array): Promise<Uint8Array>
}

/** The keys that sign, in words. */
export const KEY_KINDS = 'Ed25519, ECDSA P-256 or ECDSA P-384'

/** Bounds of an envelope: a statement of the greatest size in base64, and its signatures. */
export const ENVELOPE_LIMITS = { bytes: 17 * 1024 * 1024, depth: 8 }
const MAX_SIGNATURES = 1000

/** What is signed: PAE(type, payload) of the DSSE specification, section "Signature Definition". */
export function preAuthenticationEncoding(type: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `
  return Buffer.concat([Buffer.from(head), payload])
}

/** @returns SHA-256, hex, of the key's SubjectPublicKeyInfo in DER */
export function keyidOf(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
}

/**
 * @returns a signer with a private key that is held in memory
 * @throws Error if it is neither Ed25519 nor ECDSA P-256 or P-384
 */
export function signerOf(privateKey: KeyObject): Signer {
  const publicKey = ofKnownKind(createPublicKey(privateKey))
  const hash = hashFor(publicKey)
  return {
    keyid: keyidOf(publicKey),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string,
    sign: async (message) => sign(hash, message, privateKey),
  }
}

/**
 * @returns the public key
 * @throws Error if it is neither Ed25519 nor ECDSA P-256 or P-384
 */
export function publicKeyOf(pem: string): KeyObject {
  return ofKnownKind(createPublicKey(pem))
}

/**
 * What is hashed before signing: of ECDSA, by the name of the curve, the digest as wide as the curve (FIPS 186-5, section
 * 6.4), with the signature in DER as `openssl dgst -verify` takes it. Ed25519 signs the message itself.
 */
const HASHES: Readonly<Record<string, string | null>> = { ed25519: null, prime256v1: 'sha256', secp384r1: 'sha384' }

const kindOf = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string => asymmetricKeyDetails?.namedCurve ?? asymmetricKeyType!

function ofKnownKind(key: KeyObject): KeyObject {
  if (Object.hasOwn(HASHES, kindOf(key))) return key
  throw new Error(`a key of type ${kindOf(key)}; expected ${KEY_KINDS}`)
}

const hashFor = (key: KeyObject): string | null => HASHES[kindOf(key)]!

/** @returns whether the signature over the message is good */
export function isSignedBy(key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  return verify(hashFor(key), message, key, signature)
}

/** @returns the envelope as one line of a transcript, without the newline */
export function lineOf(envelope: Envelope): string {
  return canonicalize(envelope)
}

/**
 * Reads one line of a transcript (its bytes without the newline).
 * @throws CanonicalError naming what is wrong with it
 */
export function parseEnvelope(line: Uint8Array): Envelope {
  const value = parseCanonical(line, ENVELOPE_LIMITS) as Record<string, unknown>
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isObject || Object.keys(value).join() !== 'payload,payloadType,signatures') throw new CanonicalError('not a DSSE envelope')
  const { payload, payloadType, signatures } = value
  if (payloadType !== PAYLOAD_TYPE) throw new CanonicalError(`payloadType is ${JSON.stringify(payloadType)}`)
  bytesOfBase64(payload, 'payload')
  if (!Array.isArray(signatures) || signatures.length === 0 || signatures.length > MAX_SIGNATURES)
    throw new CanonicalError('no list of signatures')
  for (const signature of signatures as Record<string, unknown>[]) {
    const fits = typeof signature === 'object' && signature !== null && Object.keys(signature).join() === 'keyid,sig'
    if (!fits || typeof signature.keyid !== 'string' || !/^[0-9a-f]{64}$/.test(signature.keyid)) throw new CanonicalError('not a signature')
    bytesOfBase64(signature.sig, 'sig')
  }
  return value as unknown as Envelope
}

/**
 * @returns the bytes
 * @throws CanonicalError unless it is the one base64 spelling of them (RFC 4648, section 4)
 */
export function bytesOfBase64(text: unknown, what: string): Buffer {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'base64') : undefined
  if (!bytes || bytes.toString('base64') !== text) throw new CanonicalError(`${what} is not base64`)
  return bytes
}
