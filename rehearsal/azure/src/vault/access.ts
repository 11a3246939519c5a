/** Who may do what with a vault's keys. */
import { Refusal } from '../route.ts'
import type { Vault } from './vault.ts'

/** Permissions on keys, as access policies spell them. */
export const KEY_PERMISSIONS = [
  ...['encrypt', 'decrypt', 'wrapKey', 'unwrapKey', 'sign', 'verify', 'get', 'list', 'create', 'update', 'import'],
  ...['delete', 'backup', 'restore', 'recover', 'purge', 'release', 'rotate', 'getrotationpolicy', 'setrotationpolicy'],
] as const
export type KeyPermission = (typeof KEY_PERMISSIONS)[number]

/** @returns whether an access policy grants it; a vault under RBAC has no role assignments here, so nobody has anything */
export function mayUse(vault: Vault, objectId: string, permission: KeyPermission): boolean {
  if (vault.rbac) return false
  // `all` leaves out what can destroy for good.
  const granted = (given: string): boolean =>
    given.toLowerCase() === permission.toLowerCase() || (given.toLowerCase() === 'all' && permission !== 'purge')
  return vault.accessPolicies.some(
    (policy) => policy.objectId.toLowerCase() === objectId.toLowerCase() && policy.permissions.keys.some(granted),
  )
}

/** @returns whether the vault's network rules let a client from that address, or a service of Azure, through */
export function mayConnect(vault: Vault, from: { readonly address: string } | 'azure-service'): boolean {
  const closed = vault.publicNetworkAccess === 'Disabled' || vault.networkAcls?.defaultAction === 'Deny'
  if (!closed) return true
  if (from === 'azure-service') return (vault.networkAcls?.bypass ?? 'AzureServices') === 'AzureServices'
  if (vault.publicNetworkAccess === 'Disabled') return false
  return vault.networkAcls?.ipRules.some(({ value }) => value.replace(/\/32$/, '') === from.address) ?? false
}

interface Caller {
  readonly objectId: string
  readonly appId: string
  readonly issuer: string
}

/** @throws Refusal 403 AccessDenied or ForbiddenByRbac */
export function requirePermission(vault: Vault, caller: Caller, permission: KeyPermission): void {
  if (mayUse(vault, caller.objectId, permission)) return
  const who = `appid=${caller.appId};oid=${caller.objectId};iss=${caller.issuer}`
  if (vault.rbac) {
    const message = `Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\nCaller: ${who}\r\nAction: 'Microsoft.KeyVault/vaults/keys/${permission}/action'\r\nVault: ${vault.name};location=${vault.location}`
    throw new Refusal(403, 'Forbidden', message, { inner: 'ForbiddenByRbac' })
  }
  const message = `The user, group or application '${who}' does not have keys ${permission} permission on key vault '${vault.name};location=${vault.location}'. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287`
  throw new Refusal(403, 'Forbidden', message, { inner: 'AccessDenied' })
}
