/** A vault as the resource manager shows it, and what a ceremony demands of it. */
import type { Vault } from '@azure/arm-keyvault'
import { afterEffect, type Context, PluginError } from '@ceremony/engine/plugin'
import { vaultManagement } from './clients.ts'
import { refusedOf, serviceError } from './service-error.ts'

/**
 * @returns undefined where there is no such vault in the resource group
 * @throws PluginError `azure-vault/refused`, `azure-vault/no-answer`
 */
export async function findVault(group: string, name: string, context: Context): Promise<Vault | undefined> {
  const { management, get } = await vaultManagement(context)
  try {
    return await get(management, group, name)
  } catch (error) {
    if (refusedOf(error)?.code === 'ResourceNotFound') return undefined
    throw serviceError(error, `show vault \`${name}\``, 'Check the names of the vault and its resource group, and who may read it.')
  }
}

/** @returns the permissions on keys that the vault's access policies give a principal, in lower case */
export function permissionsOf(vault: Vault, principal: string): string[] {
  const policies = vault.properties.accessPolicies ?? []
  const own = policies.filter((policy) => policy.objectId.toLowerCase() === principal.toLowerCase())
  return own.flatMap((policy) => policy.permissions.keys ?? []).map((permission) => permission.toLowerCase())
}

/** @returns those of the wanted permissions that the principal has not got */
export function missingPermissions(vault: Vault, principal: string, wanted: readonly string[]): string[] {
  const given = permissionsOf(vault, principal)
  return wanted.filter((permission) => !given.includes(permission.toLowerCase()))
}

/**
 * Adds permissions to what a principal has.
 * @throws PluginError `azure-vault/rbac` for a vault that goes by roles, `azure-vault/not-granted` if they do not show
 */
export async function addPermissions(
  vault: Vault,
  ref: { readonly group: string; readonly name: string; readonly principal: string },
  wanted: readonly string[],
  context: Context,
): Promise<void> {
  requireAccessPolicies(vault, ref.name)
  if (missingPermissions(vault, ref.principal, wanted).length === 0) return
  const { management, updateAccessPolicy } = await vaultManagement(context)
  const policy = { tenantId: context.cloud.tenant, objectId: ref.principal, permissions: { keys: [...wanted] } }
  try {
    await updateAccessPolicy(management, ref.group, ref.name, 'add', { properties: { accessPolicies: [policy] } })
  } catch (error) {
    const advice = 'Check the principal’s object id and that whoever runs the ceremony may change the vault’s access policies.'
    throw serviceError(error, `grant ${ref.principal} access to vault \`${ref.name}\``, advice)
  }
  const after = await afterEffect(`${ref.principal} was given access`, () => findVault(ref.group, ref.name, context))
  const missing = after ? missingPermissions(after, ref.principal, wanted) : wanted
  if (missing.length === 0) return
  throw new PluginError('azure-vault/not-granted', `Vault \`${ref.name}\` does not show the permissions that it was just given.`, {
    found: `without ${missing.join(', ')}`,
    expected: wanted.join(', '),
    changed: 'unknown',
    advice: 'Is somebody else changing the vault’s access policies? Find out, then resume.',
  })
}

/** @throws PluginError `azure-vault/rbac` */
export function requireAccessPolicies(vault: Vault, name: string): void {
  if (vault.properties.enableRbacAuthorization !== true) return
  throw new PluginError('azure-vault/rbac', `Vault \`${name}\` goes by roles, not by access policies.`, {
    found: 'enableRbacAuthorization: true',
    expected: 'a vault with access policies, which are what this plugin sets',
    changed: 'nothing',
    advice: 'Use a vault with access policies, or let an administrator assign the role and leave this step out.',
  })
}
