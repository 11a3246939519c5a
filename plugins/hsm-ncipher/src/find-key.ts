/** Action `find-key`: the operator cards open the key, and the HSM can still wrap: what a restored world must show. */
import { action, PluginError, Type } from '@ceremony/engine/plugin'
import { CardSetName, KeyLabel, KeyRef, Sha256 } from './inputs.ts'
import { proveMechanism } from './known-answer.ts'
import { withCardSet } from './open-card-set.ts'
import { bitLength, checkPrivateKey, findPrivateKeys, modulusDigest, readPublicHalf } from './rsa-key.ts'
import { wrappingMechanisms } from './wrap.ts'

const closed = { additionalProperties: false }

export const findKey = action({
  title: 'Find a key and try the HSM',
  input: Type.Object({ 'card-set': CardSetName, label: KeyLabel }, closed),
  output: Type.Object({ key: KeyRef, bits: Type.Integer(), modulus_sha256: Sha256, mechanism: Type.String() }, closed),
  readsOnly: true,
  says: (input) =>
    `Open the operator cards of \`${input['card-set']}\`, find the key \`${input.label}\`, and wrap a throw-away key to see that the HSM can.`,

  async run({ 'card-set': cardSet, label }, context) {
    return withCardSet(context, cardSet, async (session) => {
      const found = await findPrivateKeys(session, label)
      if (found.length !== 1) {
        throw new PluginError('hsm/no-key', `There is not one key \`${label}\` on the token \`${cardSet}\`.`, {
          found: `${found.length} private keys with that label`,
          expected: 'one',
          changed: 'nothing',
          advice: 'Check the label, and that the key management data on this host is complete and of the right world.',
        })
      }
      const [privateKey] = found as [string]
      await checkPrivateKey(session, privateKey, label)
      const half = await readPublicHalf(session, privateKey)
      const { CKA_ID } = await session.attributes(privateKey, ['CKA_ID'])
      return {
        key: { label, id: Buffer.from(CKA_ID!).toString('hex'), card_set: cardSet },
        bits: bitLength(half.modulus),
        modulus_sha256: modulusDigest(half),
        mechanism: await proveMechanism(session, await wrappingMechanisms(session)),
      }
    })
  },
})
