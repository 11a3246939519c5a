/** Brings a deleted key back. */
import { action, afterEffect, Type } from '@ceremony/engine/plugin'
import { keysOf } from './clients.ts'
import { requireDeletedKey, whereIs } from './deleted-key.ts'
import { requireKey } from './key-view.ts'
import { closed, KeyId, KeyInVault, Sha256 } from './names.ts'
import { changedBy, serviceError } from './service-error.ts'

export const recoverKey = action({
  title: 'Recover a deleted key',
  input: Type.Object(KeyInVault, closed),
  output: Type.Object({ kid: KeyId, modulus_sha256: Sha256 }, closed),
  says: (input) => `Recover the deleted key \`${input.name}\` in ${input.vault}.`,
  async run(input, context) {
    await requireDeletedKey(input.vault, input.name, context)
    const keys = await keysOf(input.vault, context)
    try {
      const poller = await keys.beginRecoverDeletedKey(input.name)
      await poller.pollUntilDone()
    } catch (error) {
      const advice = 'Check that deleted keys may be recovered by whoever runs the ceremony.'
      throw serviceError(error, `recover key \`${input.name}\``, advice, changedBy(error))
    }
    const look = () => requireKey(input.vault, input.name, context)
    const { kid, modulus_sha256 } = await afterEffect(`the key \`${input.name}\` was recovered`, look)
    return { kid, modulus_sha256 }
  },
  async reconcile(input, context) {
    const { live, deleted } = await whereIs(input.vault, input.name, context)
    if (deleted) return { verdict: 'not-done', facts: `${deleted.id} is still deleted.` }
    if (!live) return { verdict: 'unknown', facts: `${input.vault} shows no key ${input.name}, neither a living nor a deleted one.` }
    return { verdict: 'done', outputs: { kid: live.kid, modulus_sha256: live.modulus_sha256 }, facts: `${live.kid} is there.` }
  },
})
