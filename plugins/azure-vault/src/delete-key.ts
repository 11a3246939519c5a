/** Deletes a key, which soft delete keeps recoverable. */
import type { DeletedKey } from '@azure/keyvault-keys'
import { action, afterEffect, PluginError, type Static, Type } from '@ceremony/engine/plugin'
import { keysOf } from './clients.ts'
import { requireDeletedKey, whereIs } from './deleted-key.ts'
import { requireKey } from './key-view.ts'
import { closed, KeyId, KeyInVault } from './names.ts'
import { changedBy, serviceError } from './service-error.ts'

const Time = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' })
const Output = Type.Object(
  { kid: KeyId, recovery_id: Type.String(), deleted_on: Time, scheduled_purge_on: Time, recovery_level: Type.String() },
  closed,
)

export const deleteKey = action({
  title: 'Delete a key',
  input: Type.Object(KeyInVault, closed),
  output: Output,
  says: (input) =>
    `Delete the key \`${input.name}\` in ${input.vault}: whatever is encrypted under it becomes unreadable until it is recovered.`,
  async run(input, context) {
    const { recovery_level, kid } = await requireKey(input.vault, input.name, context)
    requireRecoverable(kid, recovery_level)
    const keys = await keysOf(input.vault, context)
    try {
      const poller = await keys.beginDeleteKey(input.name)
      await poller.pollUntilDone()
    } catch (error) {
      const advice = 'Check that the vault’s keys may be deleted by whoever runs the ceremony.'
      throw serviceError(error, `delete key \`${input.name}\``, advice, changedBy(error))
    }
    const look = () => requireDeletedKey(input.vault, input.name, context)
    return outputs(await afterEffect(`the key \`${input.name}\` was deleted`, look))
  },
  async reconcile(input, context) {
    const { live, deleted } = await whereIs(input.vault, input.name, context)
    if (live) return { verdict: 'not-done', facts: `${live.kid} is there and not deleted.` }
    if (deleted) return { verdict: 'done', outputs: outputs(deleted), facts: `${deleted.id} is deleted and can be recovered.` }
    return { verdict: 'unknown', facts: `${input.vault} shows no key ${input.name}, neither a living nor a deleted one.` }
  },
})

/** A key that could be purged is not put at risk for a test. @throws PluginError `azure-vault/purgeable` */
function requireRecoverable(kid: string, level: string): void {
  if (/Recoverable/.test(level) && !/Purgeable/.test(level)) return
  throw new PluginError('azure-vault/purgeable', 'The key was not deleted: once deleted, it could be destroyed for good.', {
    found: `${kid} with recovery level ${level}`,
    expected: 'a recovery level without Purgeable: a vault with purge protection',
    changed: 'nothing',
    advice: 'Switch purge protection on for this vault first.',
  })
}

function outputs(key: DeletedKey): Static<typeof Output> {
  const { recoveryId = '', deletedOn, scheduledPurgeDate, recoveryLevel = 'unknown' } = key.properties
  return {
    kid: key.id ?? '',
    recovery_id: recoveryId,
    deleted_on: (deletedOn ?? new Date(0)).toISOString(),
    scheduled_purge_on: (scheduledPurgeDate ?? new Date(0)).toISOString(),
    recovery_level: recoveryLevel,
  }
}
