/** Makes a premium vault with soft delete and purge protection, or makes sure that the one there is such a vault. */
import type { Vault } from '@azure/arm-keyvault'
import { action, afterEffect, type Context, PluginError, type Static, Type } from '@ceremony/engine/plugin'
import { vaultManagement, vaultUri } from './clients.ts'
import { closed, Location, ObjectId, ResourceGroup, VaultName, VaultUri } from './names.ts'
import { changedBy, serviceError } from './service-error.ts'
import { addPermissions, findVault, missingPermissions, requireAccessPolicies } from './vault-view.ts'

/** What the one who runs the ceremony does with keys; `purge` so that a refused purge proves more than a missing permission. */
const OFFICER_PERMISSIONS = ['get', 'list', 'create', 'import', 'update', 'delete', 'recover', 'purge']

const LOOK_EVERY_MS = 2000
const LOOKS = 60

const Input = Type.Object(
  {
    name: VaultName,
    'resource-group': ResourceGroup,
    location: Location,
    'soft-delete-days': Type.Optional(Type.Integer({ minimum: 7, maximum: 90, default: 90 })),
    'officer-object-id': ObjectId,
  },
  closed,
)
const Output = Type.Object(
  {
    vault: VaultUri,
    name: VaultName,
    location: Location,
    sku: Type.Literal('premium'),
    purge_protection: Type.Literal(true),
    soft_delete_days: Type.Integer({ minimum: 7, maximum: 90 }),
    created: Type.Boolean({ description: 'Whether this attempt made it' }),
  },
  closed,
)
type Wanted = Static<typeof Input>

export const ensureVault = action({
  title: 'Have a premium vault with purge protection',
  input: Input,
  output: Output,
  says: (input) =>
    `Create the premium vault \`${input.name}\` in ${input.location} (resource group \`${input['resource-group']}\`) with soft delete of ` +
    `${days(input)} days and purge protection, which can never be switched off again; if it is there, check that it is such a vault. ` +
    `Let ${input['officer-object-id']} handle its keys.`,
  async run(input, context) {
    const before = await findVault(input['resource-group'], input.name, context)
    if (before) {
      requireStrong(before, input, 'nothing')
      const ref = { group: input['resource-group'], name: input.name, principal: input['officer-object-id'] }
      await addPermissions(before, ref, OFFICER_PERMISSIONS, context)
    } else {
      await create(input, context)
    }
    const made = before ? 'nothing' : `vault ${input.name} was made`
    const vault = await afterEffect(made, () => registered(input, context))
    requireStrong(vault, input, made)
    return outputs(vault, input, context, before === undefined)
  },
  async reconcile(input, context) {
    const vault = await findVault(input['resource-group'], input.name, context)
    if (!vault) return { verdict: 'not-done', facts: `There is no vault ${input.name}.` }
    const missing = missingPermissions(vault, input['officer-object-id'], OFFICER_PERMISSIONS)
    const faults = faultsOf(vault, input)
    if (missing.length > 0) faults.push(`the officer lacks ${missing.join(', ')}`)
    if (vault.properties.provisioningState === 'RegisteringDns') faults.push('its name is still being registered')
    // Running again is safe: it finishes what is unfinished, and refuses what is wrong.
    if (faults.length > 0) return { verdict: 'not-done', facts: `Vault ${input.name} is there, but ${faults.join(', ')}.` }
    return { verdict: 'done', outputs: outputs(vault, input, context, false), facts: `Vault ${input.name} is there as it should be.` }
  },
})

const days = (input: Wanted): number => input['soft-delete-days'] ?? 90

async function create(input: Wanted, context: Context): Promise<void> {
  const { management, createOrUpdate } = await vaultManagement(context)
  const { tenant } = context.cloud
  try {
    await createOrUpdate(management, input['resource-group'], input.name, {
      location: input.location,
      properties: {
        tenantId: tenant,
        sku: { family: 'A', name: 'premium' },
        enableSoftDelete: true,
        softDeleteRetentionInDays: days(input),
        enablePurgeProtection: true,
        enableRbacAuthorization: false,
        accessPolicies: [{ tenantId: tenant, objectId: input['officer-object-id'], permissions: { keys: OFFICER_PERMISSIONS } }],
      },
    })
  } catch (error) {
    const advice = 'Check the resource group, the region and that whoever runs the ceremony may create vaults (role Key Vault Contributor).'
    throw serviceError(error, `create vault \`${input.name}\``, advice, changedBy(error))
  }
}

/** Waits until the vault's name can be resolved. */
async function registered(input: Wanted, context: Context): Promise<Vault> {
  for (let look = 1; ; look++) {
    const vault = await findVault(input['resource-group'], input.name, context)
    const state = vault?.properties.provisioningState
    if (vault && state !== 'RegisteringDns') return vault
    if (look === LOOKS) {
      throw new PluginError('azure-vault/not-ready', `Vault \`${input.name}\` is not ready.`, {
        found: vault ? `provisioning state ${state}` : 'no such vault',
        expected: 'a vault whose name can be resolved',
        changed: 'unknown',
        advice: 'Wait some minutes, then resume.',
      })
    }
    await context.clock.sleep(LOOK_EVERY_MS)
  }
}

function requireStrong(vault: Vault, input: Wanted, changed: string): void {
  const faults = faultsOf(vault, input)
  if (faults.length > 0) {
    throw new PluginError('azure-vault/weak-vault', `Vault \`${input.name}\` is not the vault that this ceremony needs.`, {
      found: faults.join(', '),
      expected: `premium, in ${input.location}, purge protection, soft delete of at least ${days(input)} days`,
      changed,
      advice: 'Have the vault’s owner mend it, or use another name. This plugin changes no vault that others have made.',
    })
  }
  requireAccessPolicies(vault, input.name)
}

function faultsOf(vault: Vault, input: Wanted): string[] {
  const { sku, enablePurgeProtection, softDeleteRetentionInDays = 90 } = vault.properties
  const faults: string[] = []
  if (sku.name !== 'premium') faults.push(`its SKU is ${sku.name}`)
  if (vault.location?.replaceAll(' ', '').toLowerCase() !== input.location) faults.push(`it is in ${vault.location}`)
  if (enablePurgeProtection !== true) faults.push('it has no purge protection')
  if (softDeleteRetentionInDays < days(input)) faults.push(`it keeps deleted keys for ${softDeleteRetentionInDays} days only`)
  return faults
}

function outputs(vault: Vault, input: Wanted, context: Context, created: boolean): Static<typeof Output> {
  return {
    vault: vaultUri(input.name, context),
    name: input.name,
    location: input.location,
    sku: 'premium',
    purge_protection: true,
    soft_delete_days: vault.properties.softDeleteRetentionInDays ?? 90,
    created,
  }
}
