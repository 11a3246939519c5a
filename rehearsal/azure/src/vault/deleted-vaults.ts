/** Deleted vaults: list, show, recover, purge. */
import { inSubscription, requireSubscription, resourceId } from '../arm/scope.ts'
import { callerOf, type Json, Refusal, type Reply, type Route, type TwinRequest } from '../route.ts'
import type { Change } from '../store.ts'
import type { Twin } from '../twin.ts'
import { keyTable } from './key.ts'
import { deletedVault, VAULT_TYPE, type Vault, vaultTable } from './vault.ts'

/** @returns the routes of deleted vaults */
export function deletedVaultRoutes(twin: Twin): Route[] {
  const one = inSubscription('Microsoft.KeyVault/locations/:location/deletedVaults/:vault')
  return [
    { method: 'GET', path: inSubscription('Microsoft.KeyVault/deletedVaults'), handle: (request) => list(twin, request) },
    { method: 'GET', path: one, handle: (request) => ({ status: 200, body: shown(twin, requireDeleted(twin, request)) }) },
    { method: 'POST', path: `${one}/purge`, handle: (request) => purge(twin, request) },
  ]
}

/**
 * `createMode: recover` of a PUT: brings a deleted vault back as it was, with its keys.
 * @throws Refusal if there is none of that name in that group and location
 */
export function recoverVault(twin: Twin, request: TwinRequest, group: string, name: string, location: string): Vault {
  const vault = deletedVault(twin.store, name, twin.clock.now())
  if (!vault || vault.group !== group || vault.location !== location) throw notFound(name)
  const recovered = { ...vault, deleted: null }
  commit(twin, request, 'vault/recover', vault, vaultTable(twin.store).put(name.toLowerCase(), recovered))
  return recovered
}

function list(twin: Twin, request: TwinRequest): Reply {
  requireSubscription(twin, request)
  const now = twin.clock.now()
  const deleted = vaultTable(twin.store)
    .rows()
    .filter((vault) => deletedVault(twin.store, vault.name, now))
  return { status: 200, body: { value: deleted.map((vault) => shown(twin, vault)) } }
}

function purge(twin: Twin, request: TwinRequest): Reply {
  const vault = requireDeleted(twin, request)
  if (vault.purgeProtection) throw new Refusal(405, 'MethodNotAllowed', "Operation 'DeletedVaultPurge' is not allowed.")
  const keys = keyTable(twin.store)
  const gone = keys.keys().filter((key) => key.startsWith(`${vault.name.toLowerCase()}/`))
  commit(
    twin,
    request,
    'vault/purge',
    vault,
    vaultTable(twin.store).remove(vault.name.toLowerCase()),
    ...gone.map((key) => keys.remove(key)),
  )
  return { status: 200 }
}

function requireDeleted(twin: Twin, request: TwinRequest): Vault {
  requireSubscription(twin, request)
  const vault = deletedVault(twin.store, request.params.vault!, twin.clock.now())
  if (vault?.location === request.params.location!.toLowerCase()) return vault
  throw notFound(request.params.vault!)
}

function notFound(name: string): Refusal {
  return new Refusal(404, 'DeletedVaultNotFound', `The deleted vault '${name}' does not exist.`)
}

function commit(twin: Twin, request: TwinRequest, operation: string, vault: Vault, ...changes: Change[]): void {
  const effect = { principal: callerOf(request).objectId, operation, resource: resourceId(twin, vault.group, VAULT_TYPE, vault.name) }
  twin.store.commit(effect, ...changes)
}

function shown(twin: Twin, vault: Vault): Json {
  const { at, purgeAt } = vault.deleted!
  return {
    id: `/subscriptions/${twin.seed.subscription}/providers/Microsoft.KeyVault/locations/${vault.location}/deletedVaults/${vault.name}`,
    name: vault.name,
    type: 'Microsoft.KeyVault/deletedVaults',
    properties: {
      vaultId: resourceId(twin, vault.group, VAULT_TYPE, vault.name),
      location: vault.location,
      tags: vault.tags,
      deletionDate: new Date(at).toISOString(),
      scheduledPurgeDate: new Date(purgeAt).toISOString(),
      ...(vault.purgeProtection ? { purgeProtectionEnabled: true } : {}),
    },
  }
}
