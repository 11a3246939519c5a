/** Lets a service's identity use a vault's keys. */
import { action, PluginError, Type } from '@ceremony/engine/plugin'
import { closed, ObjectId, ResourceGroup, VaultName } from './names.ts'
import { addPermissions, findVault, missingPermissions } from './vault-view.ts'

/** Nothing here can make, change or destroy a key. */
const Permission = Type.Enum(['get', 'list', 'wrapKey', 'unwrapKey', 'encrypt', 'decrypt', 'sign', 'verify'])
const Permissions = Type.Array(Permission, { minItems: 1, uniqueItems: true })

export const grant = action({
  title: 'Let a service use a vault’s keys',
  input: Type.Object({ 'vault-name': VaultName, 'resource-group': ResourceGroup, principal: ObjectId, permissions: Permissions }, closed),
  output: Type.Object({ vault_name: VaultName, principal: ObjectId, permissions: Permissions }, closed),
  says: (input) => `Let ${input.principal} do ${input.permissions.join(', ')} with the keys of vault \`${input['vault-name']}\`.`,
  async run(input, context) {
    const ref = { group: input['resource-group'], name: input['vault-name'], principal: input.principal }
    const vault = await findVault(ref.group, ref.name, context)
    if (!vault) {
      throw new PluginError('azure-vault/no-vault', `There is no vault \`${ref.name}\` in resource group \`${ref.group}\`.`, {
        found: 'no such vault',
        expected: 'the vault whose keys the service shall use',
        changed: 'nothing',
        advice: 'Check both names.',
      })
    }
    await addPermissions(vault, ref, input.permissions, context)
    return { vault_name: ref.name, principal: input.principal, permissions: input.permissions }
  },
  async reconcile(input, context) {
    const vault = await findVault(input['resource-group'], input['vault-name'], context)
    const missing = vault ? missingPermissions(vault, input.principal, input.permissions) : input.permissions
    if (missing.length > 0) return { verdict: 'not-done', facts: `${input.principal} has not got ${missing.join(', ')}.` }
    const outputs = { vault_name: input['vault-name'], principal: input.principal, permissions: input.permissions }
    return { verdict: 'done', outputs, facts: `${input.principal} has ${input.permissions.join(', ')}.` }
  },
})
