/** Action `generate-key`: an RSA key in the HSM, protected by an operator card set. */
import { action, afterEffect, type Pkcs11Session, PluginError, Type } from '@ceremony/engine/plugin'
import { Base64Url, CardSetName, KeyLabel, KeyRef, Sha256 } from './inputs.ts'
import { withCardSet } from './open-card-set.ts'
import { bitLength, checkPrivateKey, findPrivateKeys, modulusDigest, readPublicHalf } from './rsa-key.ts'

const closed = { additionalProperties: false }
const ID_BYTES = 16
/** 65537, the only exponent that every Azure service takes. */
const PUBLIC_EXPONENT = Uint8Array.of(1, 0, 1)

export const generateKey = action({
  title: 'Generate an RSA key in the HSM',
  input: Type.Object({ 'card-set': CardSetName, label: KeyLabel, bits: Type.Enum([2048, 3072, 4096]) }, closed),
  output: Type.Object({ key: KeyRef, n: Base64Url, e: Base64Url, bits: Type.Integer(), modulus_sha256: Sha256 }, closed),
  says: (input) =>
    `Generate the RSA key \`${input.label}\` of ${input.bits} bits in the HSM, protected by the cards of \`${input['card-set']}\`; it can be wrapped out.`,

  async run(input, context) {
    const { label, bits } = input
    return withCardSet(context, input['card-set'], async (session) => {
      if ((await findPrivateKeys(session, label)).length > 0) throw keyExists(label, input['card-set'])
      const common = { CKA_TOKEN: true, CKA_LABEL: label, CKA_ID: context.random.bytes(ID_BYTES), CKA_KEY_TYPE: 'CKK_RSA' }
      const { privateKey } = await session.generateKeyPair(
        { name: 'CKM_RSA_PKCS_KEY_PAIR_GEN' },
        { ...common, CKA_CLASS: 'CKO_PUBLIC_KEY', CKA_MODULUS_BITS: bits, CKA_PUBLIC_EXPONENT: PUBLIC_EXPONENT, CKA_VERIFY: true },
        {
          ...common,
          CKA_CLASS: 'CKO_PRIVATE_KEY',
          CKA_PRIVATE: true,
          CKA_SENSITIVE: true,
          CKA_EXTRACTABLE: true,
          CKA_SIGN: true,
          CKA_DECRYPT: true,
          CKA_UNWRAP: false,
        },
      )
      return afterEffect(`the key \`${label}\` is in the HSM`, () => describeKey(session, privateKey, input))
    })
  },

  async reconcile(input, context) {
    return withCardSet(context, input['card-set'], async (session) => {
      const keys = await findPrivateKeys(session, input.label)
      const where = `the token \`${input['card-set']}\``
      if (keys.length === 0) return { verdict: 'not-done', facts: `${where} holds no private key \`${input.label}\`` }
      if (keys.length > 1) return { verdict: 'unknown', facts: `${where} holds ${keys.length} private keys \`${input.label}\`` }
      const outputs = await describeKey(session, keys[0]!, input)
      return { verdict: 'done', outputs, facts: `${where} holds the private key \`${input.label}\`, modulus ${outputs.modulus_sha256}` }
    })
  },
})

/** @throws PluginError `hsm/key-attributes`, `hsm/key-size` */
async function describeKey(session: Pkcs11Session, privateKey: string, input: { label: string; bits: number; 'card-set': string }) {
  await checkPrivateKey(session, privateKey, input.label)
  const half = await readPublicHalf(session, privateKey)
  const { CKA_ID } = await session.attributes(privateKey, ['CKA_ID'])
  const bits = bitLength(half.modulus)
  if (bits !== input.bits) {
    throw new PluginError('hsm/key-size', `The key \`${input.label}\` has another size than was asked for.`, {
      found: `${bits} bits`,
      expected: `${input.bits} bits`,
      changed: `the key \`${input.label}\` is in the HSM`,
      advice: 'Do not use this key; find out who made it.',
    })
  }
  return {
    key: { label: input.label, id: Buffer.from(CKA_ID!).toString('hex'), card_set: input['card-set'] },
    n: half.modulus.toString('base64url'),
    e: half.exponent.toString('base64url'),
    bits,
    modulus_sha256: modulusDigest(half),
  }
}

function keyExists(label: string, cardSet: string): PluginError {
  return new PluginError('hsm/key-exists', `There is a key \`${label}\` already.`, {
    found: `a private key labelled \`${label}\` on the token \`${cardSet}\``,
    expected: 'no key of that label',
    changed: 'nothing',
    advice: 'Choose another label. A key is never replaced.',
  })
}
