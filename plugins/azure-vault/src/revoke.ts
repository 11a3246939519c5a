/** Takes a service's permissions on a vault's keys away. */
import { action, afterEffect, PluginError, Type } from '@ceremony/engine/plugin'
import { vaultManagement } from './clients.ts'
import { closed, ObjectId, ResourceGroup, VaultName } from './names.ts'
import { serviceError } from './service-error.ts'
import { findVault, permissionsOf, requireAccessPolicies } from './vault-view.ts'

const Output = Type.Object(
  {
    vault_name: VaultName,
    principal: ObjectId,
    removed: Type.Array(Type.String(), { description: 'What it was allowed before; empty where nothing was left to take' }),
  },
  closed,
)

export const revoke = action({
  title: 'Take a service’s access to a vault’s keys away',
  input: Type.Object({ 'vault-name': VaultName, 'resource-group': ResourceGroup, principal: ObjectId }, closed),
  output: Output,
  says: (input) =>
    `Take from ${input.principal} all permissions on the keys of vault \`${input['vault-name']}\`: what this service encrypts under them ` +
    'becomes unreadable until they are granted again; other services go on.',
  async run(input, context) {
    const [group, name, principal] = [input['resource-group'], input['vault-name'], input.principal]
    const vault = await findVault(group, name, context)
    if (!vault) {
      throw new PluginError('azure-vault/no-vault', `There is no vault \`${name}\` in resource group \`${group}\`.`, {
        found: 'no such vault',
        expected: 'the vault whose keys the service uses',
        changed: 'nothing',
        advice: 'Check both names.',
      })
    }
    requireAccessPolicies(vault, name)
    const removed = permissionsOf(vault, principal)
    if (removed.length === 0) return { vault_name: name, principal, removed }
    const { management, updateAccessPolicy } = await vaultManagement(context)
    const policy = { tenantId: context.cloud.tenant, objectId: principal, permissions: { keys: removed } }
    try {
      await updateAccessPolicy(management, group, name, 'remove', { properties: { accessPolicies: [policy] } })
    } catch (error) {
      const advice = 'Check that whoever runs the ceremony may change the vault’s access policies.'
      throw serviceError(error, `take from ${principal} its access to vault \`${name}\``, advice)
    }
    const after = await afterEffect(`the access of ${principal} was taken away`, () => findVault(group, name, context))
    const left = after ? permissionsOf(after, principal) : []
    if (left.length === 0) return { vault_name: name, principal, removed }
    throw new PluginError('azure-vault/not-revoked', `Vault \`${name}\` still shows permissions that were taken away.`, {
      found: left.join(', '),
      expected: `no permissions of ${principal}`,
      changed: 'unknown',
      advice: 'Is somebody else changing the vault’s access policies? Find out, then resume.',
    })
  },
  async reconcile(input, context) {
    const vault = await findVault(input['resource-group'], input['vault-name'], context)
    const left = vault ? permissionsOf(vault, input.principal) : []
    if (left.length > 0) return { verdict: 'not-done', facts: `${input.principal} still has ${left.join(', ')}.` }
    const outputs = { vault_name: input['vault-name'], principal: input.principal, removed: [] }
    return { verdict: 'done', outputs, facts: `${input.principal} has no permission on the vault’s keys.` }
  },
})
