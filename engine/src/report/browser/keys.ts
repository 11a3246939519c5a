/** Public keys and signatures by WebCrypto: Ed25519 (RFC 8032), ECDSA on P-256 with SHA-256 and on P-384 with SHA-384. */
import { fromBase64, sha256, toBase64 } from './bytes.ts'

export interface PublicKey {
  readonly kind: 'Ed25519' | 'ECDSA P-256' | 'ECDSA P-384'
  /** SHA-256 of the SubjectPublicKeyInfo, hex. */
  readonly keyid: string
  readonly key: CryptoKey
}

/** How a SubjectPublicKeyInfo of each kind begins (RFC 8410, section 4; RFC 5480, section 2.1.1). */
const ED25519 = '302a300506032b6570032100'
const P256 = '3059301306072a8648ce3d020106082a8648ce3d03010703420004'
const P384 = '3076301006072a8648ce3d020106052b8104002203620004'

/**
 * @param pem SubjectPublicKeyInfo in PEM, in the one spelling that OpenSSL writes
 * @throws Error if it is neither kind of key, or spelled in another way
 */
export async function importKey(pem: string): Promise<PublicKey> {
  const body = /^-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/=\n]+)\n-----END PUBLIC KEY-----\n$/.exec(pem)?.[1]
  if (body === undefined) throw new Error('not a public key in PEM')
  const der = fromBase64(body.replaceAll('\n', ''))
  if (toBase64(der).replace(/(.{64})(?=.)/g, '$1\n') !== body) throw new Error('another spelling of a key')
  const hex = [...der].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  const keyid = await sha256(der)
  if (hex.startsWith(ED25519) && der.length === 44)
    return { kind: 'Ed25519', keyid, key: await crypto.subtle.importKey('spki', der, 'Ed25519', true, ['verify']) }
  const namedCurve = hex.startsWith(P256) && der.length === 91 ? 'P-256' : hex.startsWith(P384) && der.length === 120 ? 'P-384' : undefined
  if (namedCurve === undefined) throw new Error('neither Ed25519 nor ECDSA P-256 or P-384')
  const key = await crypto.subtle.importKey('spki', der, { name: 'ECDSA', namedCurve }, true, ['verify'])
  return { kind: `ECDSA ${namedCurve}`, keyid, key }
}

/** @returns whether the signature over the message is good */
export async function isSignedBy(
  { kind, key }: PublicKey,
  message: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  if (kind === 'Ed25519') return crypto.subtle.verify('Ed25519', key, signature, message)
  const [hash, half] = kind === 'ECDSA P-256' ? ['SHA-256', 32] : ['SHA-384', 48]
  const raw = rawOfDer(signature, half)
  return raw !== undefined && crypto.subtle.verify({ name: 'ECDSA', hash }, key, raw, message)
}

/**
 * WebCrypto takes an ECDSA signature as r and s side by side; the transcript holds it in DER (RFC 3279, section 2.2.3).
 * @param half how many bytes r and s have each
 * @returns both; undefined unless it is the DER of two positive integers that fit
 */
export function rawOfDer(der: Uint8Array, half: number): Uint8Array<ArrayBuffer> | undefined {
  const raw = new Uint8Array(2 * half)
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return undefined
  let at = 2
  for (const end of [half, 2 * half]) {
    const length = der[at + 1] ?? 0
    const start = at + 2
    if (der[at] !== 0x02 || length === 0 || start + length > der.length) return undefined
    const padded = der[start] === 0
    if (der[start]! >= 0x80 || (padded && (length === 1 || der[start + 1]! < 0x80))) return undefined
    const number = der.subarray(padded ? start + 1 : start, start + length)
    if (number.length > half) return undefined
    raw.set(number, end - number.length)
    at = start + length
  }
  return at === der.length ? raw : undefined
}
