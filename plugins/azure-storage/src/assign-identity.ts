/** Gives a storage account an identity of its own, which a vault can then let in. */
import type { Identity, StorageAccount } from '@azure/arm-storage'
import { action, afterEffect, PluginError, Type } from '@ceremony/engine/plugin'
import { readAccount, updateAccount } from './account.ts'
import { AccountName, Guid, ResourceGroup } from './names.ts'

const Input = Type.Object({ account: AccountName, 'resource-group': ResourceGroup }, { additionalProperties: false })
const Output = Type.Object({ account: AccountName, principal_id: Guid, tenant_id: Guid }, { additionalProperties: false })

export const assignIdentity = action({
  title: 'Give a storage account an identity',
  input: Input,
  output: Output,
  says: (input) => `Give storage account \`${input.account}\` a system-assigned identity, if it has none.`,
  async run(input, context) {
    const before = await readAccount(input, context)
    const present = identityOf(before)
    if (present) return { account: input.account, ...present }
    await updateAccount(
      input,
      { identity: withSystemAssigned(before.identity) },
      `give account \`${input.account}\` an identity`,
      'Check that whoever runs the ceremony may change the account (role Storage Account Contributor).',
      context,
    )
    const given = identityOf(await afterEffect(`account \`${input.account}\` was given an identity`, () => readAccount(input, context)))
    if (given) return { account: input.account, ...given }
    throw new PluginError('azure-storage/no-identity', `Account \`${input.account}\` shows no identity after it was given one.`, {
      found: 'no principal id',
      expected: 'a system-assigned identity with a principal id',
      changed: 'unknown',
      advice: 'Look at the account’s identity in the portal and try again.',
    })
  },
  async reconcile(input, context) {
    const identity = identityOf(await readAccount(input, context))
    if (!identity) return { verdict: 'not-done', facts: `Account ${input.account} has no system-assigned identity.` }
    return { verdict: 'done', outputs: { account: input.account, ...identity }, facts: `Its principal is ${identity.principal_id}.` }
  },
})

function identityOf(account: StorageAccount): { principal_id: string; tenant_id: string } | undefined {
  const { type = 'None', principalId, tenantId } = account.identity ?? {}
  if (!type.includes('SystemAssigned') || !principalId || !tenantId) return undefined
  return { principal_id: principalId, tenant_id: tenantId }
}

/** Identities that other people assigned stay: an update names all that shall be there. */
function withSystemAssigned(present: Identity | undefined): Identity {
  const others = Object.keys(present?.userAssignedIdentities ?? {})
  if (others.length === 0) return { type: 'SystemAssigned' }
  return { type: 'SystemAssigned,UserAssigned', userAssignedIdentities: Object.fromEntries(others.map((id) => [id, {}])) }
}
