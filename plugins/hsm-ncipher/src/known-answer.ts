/** Proves, on keys that are worth nothing, that a mechanism wraps as Azure unwraps, before a key that matters is wrapped by it. */
import { constants, createDecipheriv, createPrivateKey, createPublicKey, type KeyObject, privateDecrypt } from 'node:crypto'
import { type Pkcs11Session, PluginError } from '@ceremony/engine/plugin'
import { PUBLISHED_TEST_KEY } from './published-test-key.ts'
import { type PublicHalf, readPublicHalf, unsigned } from './rsa-key.ts'
import { type Wrapped, wrapFor } from './wrap.ts'

/** The alternative initial value of RFC 5649, section 3. */
const AIV = Buffer.from('a65959a6', 'hex')
const THROW_AWAY_BITS = 2048

/**
 * @param candidates mechanisms, in the order in which to try them
 * @returns the first that is proven
 * @throws PluginError `hsm/known-answer` when none is
 */
export async function proveMechanism(session: Pkcs11Session, candidates: readonly string[]): Promise<string> {
  const kek = createPrivateKey(PUBLISHED_TEST_KEY)
  const failures: string[] = []
  for (const mechanism of candidates) {
    const failure = await tryMechanism(session, kek, mechanism)
    if (failure === undefined) return mechanism
    failures.push(`${mechanism}: ${failure}`)
  }
  throw new PluginError('hsm/known-answer', 'No mechanism of the HSM’s library wraps a key in the form that Azure unwraps.', {
    found: failures.join('; '),
    expected: 'a throw-away key, wrapped for a published test key, to come out of RSA-OAEP and RFC 5649 as it was',
    changed: 'nothing',
    advice: 'Use another version of the support software; do not wrap a real key with this one.',
  })
}

/** @returns what went wrong, or undefined */
async function tryMechanism(session: Pkcs11Session, kek: KeyObject, mechanism: string): Promise<string | undefined> {
  const usage = { CKA_TOKEN: false, CKA_KEY_TYPE: 'CKK_RSA' }
  const pair = await session.generateKeyPair(
    { name: 'CKM_RSA_PKCS_KEY_PAIR_GEN' },
    {
      ...usage,
      CKA_CLASS: 'CKO_PUBLIC_KEY',
      CKA_MODULUS_BITS: THROW_AWAY_BITS,
      CKA_PUBLIC_EXPONENT: Uint8Array.of(1, 0, 1),
      CKA_VERIFY: true,
    },
    { ...usage, CKA_CLASS: 'CKO_PRIVATE_KEY', CKA_PRIVATE: true, CKA_SENSITIVE: true, CKA_EXTRACTABLE: true, CKA_SIGN: true },
  )
  try {
    const expected = await readPublicHalf(session, pair.publicKey)
    const wrapped = await wrapFor(session, publicHalf(kek), pair.privateKey, mechanism)
    const { modulus } = publicHalf(unwrap(kek, wrapped))
    return modulus.equals(expected.modulus) ? undefined : 'another key came out'
  } catch (error) {
    // Refusals of the HSM and of node:crypto alike: either way this mechanism is not proven.
    return (error as PluginError).found ?? (error as Error).message
  } finally {
    await session.destroyObject(pair.privateKey)
    await session.destroyObject(pair.publicKey)
  }
}

function unwrap(kek: KeyObject, { encryptedAesKey, wrappedKey }: Wrapped): KeyObject {
  const aesKey = privateDecrypt({ key: kek, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, encryptedAesKey)
  const decipher = createDecipheriv('id-aes256-wrap-pad', aesKey, AIV)
  const pkcs8 = Buffer.concat([decipher.update(wrappedKey), decipher.final()])
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
}

function publicHalf(key: KeyObject): PublicHalf {
  const { n, e } = createPublicKey(key).export({ format: 'jwk' })
  return { modulus: unsigned(Buffer.from(n!, 'base64url')), exponent: unsigned(Buffer.from(e!, 'base64url')) }
}
