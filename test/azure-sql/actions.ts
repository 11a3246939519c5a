/** What several tests of the plugin need. */
import plugin from '../../plugins/azure-sql/src/index.ts'
import { actionsOf } from '../azure-actions.ts'
import { OFFICER, type RunningTwin } from '../azure-twin.ts'
import { grant, OFFICER_PERMISSIONS, policy, premiumVault, wrappingKey } from '../rehearsal-azure/vault-setup.ts'

export const { run, reconcile } = actionsOf(plugin)
export const SERVER = { server: 'contoso-sql', 'resource-group': 'keys' }

/** Makes a vault with a key in it, and lets the server use it. @returns the key's kid, with version */
export async function keyFor(twin: RunningTwin, vault: string, principal: string, bits = 3072): Promise<string> {
  await premiumVault(twin, vault, { accessPolicies: [policy(OFFICER.objectId, OFFICER_PERMISSIONS)] })
  await grant(twin, vault, principal, ['get', 'wrapKey', 'unwrapKey'])
  return wrappingKey(twin, vault, 'sql-key', { key_size: bits })
}
