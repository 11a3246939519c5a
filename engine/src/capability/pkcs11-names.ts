/** PKCS#11 names and numbers (OASIS PKCS #11 3.1, pkcs11t.h): the ones a key ceremony uses. */
import pkcs11 from 'pkcs11js'

const constants = pkcs11 as unknown as Record<string, number>

/** Attributes whose values may leave the HSM; everything else is refused. */
export const PUBLIC_ATTRIBUTES = new Set([
  'CKA_LABEL',
  'CKA_ID',
  'CKA_CLASS',
  'CKA_KEY_TYPE',
  'CKA_MODULUS',
  'CKA_MODULUS_BITS',
  'CKA_PUBLIC_EXPONENT',
  'CKA_EC_PARAMS',
  'CKA_EC_POINT',
  'CKA_TOKEN',
  'CKA_PRIVATE',
  'CKA_SENSITIVE',
  'CKA_ALWAYS_SENSITIVE',
  'CKA_EXTRACTABLE',
  'CKA_NEVER_EXTRACTABLE',
  'CKA_LOCAL',
  'CKA_WRAP',
  'CKA_UNWRAP',
  'CKA_SIGN',
  'CKA_VERIFY',
  'CKA_ENCRYPT',
  'CKA_DECRYPT',
])

/** Missing from the binding; numbers of the standard. */
const MORE: Readonly<Record<string, number>> = { CKM_AES_KEY_WRAP_PAD: 0x210a, CKM_AES_KEY_WRAP_KWP: 0x210b, CKM_RSA_AES_KEY_WRAP: 0x1054 }

const ATTRIBUTES_OF_NAMES = new Set(['CKA_CLASS', 'CKA_KEY_TYPE'])

/**
 * @param name such as `CKA_LABEL`, `CKM_AES_KEY_GEN`, `CKO_PRIVATE_KEY`, `CKK_RSA`
 * @returns its number
 * @throws Error for a name that is not known
 */
export function numberOf(name: string): number {
  const number = MORE[name] ?? (/^CK[AMOKG]_[A-Z0-9_]+$/.test(name) ? constants[name] : undefined)
  if (typeof number !== 'number') throw new Error(`unknown PKCS#11 name ${name}`)
  return number
}

/** @returns whether the value of that attribute is itself a PKCS#11 name */
export function holdsName(attribute: string): boolean {
  return ATTRIBUTES_OF_NAMES.has(attribute)
}

const MECHANISMS = new Map(
  [...Object.entries(constants), ...Object.entries(MORE)].flatMap(([name, number]) =>
    name.startsWith('CKM_') && typeof number === 'number' ? [[number, name] as const] : [],
  ),
)

/** @returns the mechanism's name, or `0x…` for one that is not known */
export function mechanismName(number: number): string {
  return MECHANISMS.get(number) ?? `0x${number.toString(16)}`
}
