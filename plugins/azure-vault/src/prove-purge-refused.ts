/** Shows that nobody, not even who runs the ceremony, can destroy a deleted key. */
import { action, type Context, PluginError, Type } from '@ceremony/engine/plugin'
import { keysOf } from './clients.ts'
import { findDeletedKey, requireDeletedKey, whereIs } from './deleted-key.ts'
import { closed, KeyInVault } from './names.ts'
import { type Refused, refusedOf, serviceError } from './service-error.ts'

/** What the service names as its reason. A refusal for any other reason (a missing permission, say) proves nothing. */
const BECAUSE = /purge protection/i

export const provePurgeRefused = action({
  title: 'Prove that a deleted key cannot be purged',
  input: Type.Object(KeyInVault, closed),
  output: Type.Object(
    {
      refused: Type.Literal(true),
      status: Type.Integer(),
      code: Type.String(),
      message: Type.String(),
      still_recoverable: Type.Literal(true),
    },
    closed,
  ),
  says: (input) => `Ask ${input.vault} to purge the deleted key \`${input.name}\`, and see that it refuses.`,
  async run(input, context) {
    const { recoveryLevel = 'unknown' } = (await requireDeletedKey(input.vault, input.name, context)).properties
    // The question is only asked where the vault says beforehand that it will say no.
    if (!/Recoverable/.test(recoveryLevel) || /Purgeable/.test(recoveryLevel)) throw purgeable(input.name, recoveryLevel)
    const refused = await ask(input.vault, input.name, context)
    if (!refused || !(await findDeletedKey(input.vault, input.name, context))) throw purged(input.vault, input.name)
    return { refused: true as const, ...refused, still_recoverable: true as const }
  },
  async reconcile(input, context) {
    const { live, deleted } = await whereIs(input.vault, input.name, context)
    if (deleted) return { verdict: 'not-done', facts: `${deleted.id} is still there and can be recovered.` }
    return {
      verdict: 'unknown',
      facts: live ? `${live.kid} is not deleted.` : `${input.vault} shows no key ${input.name}, neither a living nor a deleted one.`,
    }
  },
})

/** @returns what the service said, undefined if it purged the key */
async function ask(vault: string, name: string, context: Context): Promise<Refused | undefined> {
  const keys = await keysOf(vault, context)
  try {
    await keys.purgeDeletedKey(name)
    return undefined
  } catch (error) {
    const refused = refusedOf(error)
    if (refused?.status === 403 && BECAUSE.test(refused.message)) return refused
    const advice = 'The refusal was not about purge protection, so it proves nothing: mend its cause, then resume.'
    throw serviceError(error, `answer whether \`${name}\` may be purged`, advice)
  }
}

function purgeable(name: string, level: string): PluginError {
  return new PluginError('azure-vault/purgeable', `The deleted key \`${name}\` can be purged, so it was not tried.`, {
    found: `recovery level ${level}`,
    expected: 'a recovery level without Purgeable: a vault with purge protection',
    changed: 'nothing',
    advice: 'Recover the key now, and switch purge protection on for this vault.',
  })
}

function purged(vault: string, name: string): PluginError {
  return new PluginError('azure-vault/purged', `THE VAULT PURGED \`${name}\` THOUGH IT SAID THAT IT COULD NOT: the key is gone from it.`, {
    found: `no deleted key ${name} in ${vault}`,
    expected: 'a refusal because of purge protection',
    changed: `the key ${name} is gone from ${vault}`,
    advice: 'Upload the key again from the HSM, and take it up with the vault’s provider.',
  })
}
