/**
 * Wraps a private key for a key exchange key, in the form of CKM_RSA_AES_KEY_WRAP (PKCS #11 3.1, section 6.1.23): an AES-256 key
 * under RSA-OAEP with SHA-1, then the private key as PKCS#8 under that AES key by RFC 5649. It is put together from the two
 * mechanisms, which every library that has the combined one has as well, and which need no parameters of the combined one.
 */
import { type Mechanism, type Pkcs11Session, PluginError } from '@ceremony/engine/plugin'
import type { PublicHalf } from './rsa-key.ts'

const OAEP: Mechanism = { name: 'CKM_RSA_PKCS_OAEP', oaep: { hash: 'CKM_SHA_1', mgf: 'CKG_MGF1_SHA1' } }
/** Mechanisms that may be RFC 5649, the surer one first: what CKM_AES_KEY_WRAP_PAD means differs between libraries. */
const RFC_5649 = ['CKM_AES_KEY_WRAP_KWP', 'CKM_AES_KEY_WRAP_PAD']

/**
 * @returns mechanisms of the token that may wrap a private key as it has to be
 * @throws PluginError `hsm/no-mechanism`
 */
export async function wrappingMechanisms(session: Pkcs11Session): Promise<string[]> {
  const offered = await session.mechanisms()
  const found = RFC_5649.filter((name) => offered.includes(name))
  if (found.length > 0 && offered.includes(OAEP.name) && offered.includes('CKM_AES_KEY_GEN')) return found
  throw new PluginError('hsm/no-mechanism', 'The HSM’s library has no way to wrap a key for Azure.', {
    found: offered.filter((name) => /AES_KEY|OAEP|AES_KEY_WRAP/.test(name)).join(', ') || 'none that would do',
    expected: `CKM_AES_KEY_GEN, ${OAEP.name}, and ${RFC_5649.join(' or ')}`,
    changed: 'nothing',
    advice: 'Use a version of the support software that has them (13.x).',
  })
}

/** The two parts of a wrapped key, before they are put one behind the other. */
export interface Wrapped {
  readonly encryptedAesKey: Buffer
  readonly wrappedKey: Buffer
}

/**
 * @param key handle of the private key
 * @param mechanism one of `wrappingMechanisms`
 */
export async function wrapFor(session: Pkcs11Session, kek: PublicHalf, key: string, mechanism: string): Promise<Wrapped> {
  const objects: string[] = []
  try {
    const kekObject = await session.createObject({
      CKA_CLASS: 'CKO_PUBLIC_KEY',
      CKA_KEY_TYPE: 'CKK_RSA',
      CKA_TOKEN: false,
      CKA_MODULUS: kek.modulus,
      CKA_PUBLIC_EXPONENT: kek.exponent,
      CKA_WRAP: true,
      CKA_ENCRYPT: true,
    })
    objects.push(kekObject)
    const aesKey = await session.generateKey(
      { name: 'CKM_AES_KEY_GEN' },
      {
        CKA_CLASS: 'CKO_SECRET_KEY',
        CKA_KEY_TYPE: 'CKK_AES',
        CKA_VALUE_LEN: 32,
        CKA_TOKEN: false,
        CKA_SENSITIVE: true,
        CKA_EXTRACTABLE: true,
        CKA_WRAP: true,
      },
    )
    objects.push(aesKey)
    const encryptedAesKey = Buffer.from(await session.wrapKey(OAEP, kekObject, aesKey))
    const wrappedKey = Buffer.from(await session.wrapKey({ name: mechanism }, aesKey, key))
    return { encryptedAesKey, wrappedKey }
  } finally {
    for (const object of objects) await session.destroyObject(object)
  }
}
