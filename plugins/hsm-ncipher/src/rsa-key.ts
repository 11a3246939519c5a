/** RSA keys on a token: found by label, described by their public half. */
import { createHash } from 'node:crypto'
import { type Pkcs11Session, PluginError, type Template } from '@ceremony/engine/plugin'

export interface PublicHalf {
  /** Without leading zero bytes. */
  readonly modulus: Buffer
  readonly exponent: Buffer
}

/** @returns the private keys of that label, as handles */
export function findPrivateKeys(session: Pkcs11Session, label: string, id?: string): Promise<readonly string[]> {
  const byId: Template = id === undefined ? {} : { CKA_ID: Buffer.from(id, 'hex') }
  return session.findObjects({ CKA_CLASS: 'CKO_PRIVATE_KEY', CKA_KEY_TYPE: 'CKK_RSA', CKA_TOKEN: true, CKA_LABEL: label, ...byId })
}

/** @param key a public or a private key */
export async function readPublicHalf(session: Pkcs11Session, key: string): Promise<PublicHalf> {
  const { CKA_MODULUS, CKA_PUBLIC_EXPONENT } = await session.attributes(key, ['CKA_MODULUS', 'CKA_PUBLIC_EXPONENT'])
  return { modulus: unsigned(CKA_MODULUS!), exponent: unsigned(CKA_PUBLIC_EXPONENT!) }
}

/** @returns the big-endian number without leading zero bytes */
export function unsigned(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0)
  return Buffer.from(first === -1 ? [] : bytes.subarray(first))
}

/** @returns the length of an unsigned big-endian number without leading zero bytes */
export function bitLength(number: Uint8Array): number {
  return number.length === 0 ? 0 : number.length * 8 - Math.clz32(number[0]!) + 24
}

/** @returns SHA-256, hex, of the unsigned big-endian modulus */
export function modulusDigest({ modulus }: PublicHalf): string {
  return createHash('sha256').update(modulus).digest('hex')
}

/**
 * Looks whether a private key is what a key to be brought to a cloud must be: made in this HSM, secret, and able to be wrapped out.
 * @throws PluginError `hsm/key-attributes`
 */
export async function checkPrivateKey(session: Pkcs11Session, key: string, label: string): Promise<void> {
  const expected = { CKA_TOKEN: true, CKA_PRIVATE: true, CKA_SENSITIVE: true, CKA_EXTRACTABLE: true, CKA_LOCAL: true }
  const found = await session.attributes(key, Object.keys(expected))
  const wrong = Object.entries(expected).filter(([name, value]) => (found[name]?.[0] === 1) !== value)
  if (wrong.length === 0) return
  throw new PluginError('hsm/key-attributes', `The key \`${label}\` is not of the kind that this ceremony makes.`, {
    found: wrong.map(([name, value]) => `${name} is not ${value}`).join(', '),
    expected: 'a private key on the token, sensitive, extractable, made in the HSM',
    changed: 'nothing',
    advice: 'Do not use this key; find out who made it.',
  })
}
