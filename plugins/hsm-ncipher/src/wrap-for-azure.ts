/** Action `wrap-for-azure`: a key transfer package for one vault's key exchange key. */
import { Artifact, action, PluginError, Type } from '@ceremony/engine/plugin'
import { packageFor } from './byok.ts'
import { KeyRef, Sha256 } from './inputs.ts'
import { checkKek, KeyExchangeKey } from './key-exchange-key.ts'
import { proveMechanism } from './known-answer.ts'
import { withCardSet } from './open-card-set.ts'
import { bitLength, checkPrivateKey, findPrivateKeys, modulusDigest, readPublicHalf } from './rsa-key.ts'
import { wrapFor, wrappingMechanisms } from './wrap.ts'

const closed = { additionalProperties: false }

export const wrapForAzure = action({
  title: 'Wrap a key for a vault of Azure',
  input: Type.Object({ key: KeyRef, kek: KeyExchangeKey }, closed),
  output: Type.Object({ blob: Artifact, mechanism: Type.String(), kek_kid: Type.String(), modulus_sha256: Sha256 }, closed),
  // Nothing stays in the HSM; a second package for the same vault is as good as the first.
  readsOnly: true,
  says: ({ key, kek }) => `Wrap the key \`${key.label}\` so that only the key exchange key ${kek.kid} can unwrap it.`,

  async run({ key, kek }, context) {
    const checkedKek = checkKek(kek)
    return withCardSet(context, key.card_set, async (session) => {
      const found = await findPrivateKeys(session, key.label, key.id)
      if (found.length !== 1) throw noSuchKey(key, found.length)
      const privateKey = found[0]!
      await checkPrivateKey(session, privateKey, key.label)
      const half = await readPublicHalf(session, privateKey)

      const mechanism = await proveMechanism(session, await wrappingMechanisms(session))
      const wrapped = await wrapFor(session, checkedKek, privateKey, mechanism)
      const bytes = packageFor(checkedKek, wrapped, bitLength(half.modulus), session.token)
      return {
        blob: await context.artifact.put(`${key.label}-${checkedKek.vault}.byok`, bytes),
        mechanism: `CKM_RSA_PKCS_OAEP + ${mechanism}`,
        kek_kid: checkedKek.kid,
        modulus_sha256: modulusDigest(half),
      }
    })
  },
})

function noSuchKey({ label, id, card_set }: { label: string; id: string; card_set: string }, count: number): PluginError {
  return new PluginError('hsm/no-key', `The key \`${label}\` is not on the token \`${card_set}\`.`, {
    found: `${count} private keys with that label and CKA_ID ${id}`,
    expected: 'one',
    changed: 'nothing',
    advice: 'Check the label, and that the key management data of the right world is on this host.',
  })
}
