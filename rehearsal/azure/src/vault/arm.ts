/** Vaults in the resource manager: make, show, change, delete, and their access policies. */
import { jsonOf, objectField, stringField } from '../arm/input.ts'
import { requireLocation } from '../arm/locations.ts'
import { inGroup, inSubscription, requireGroup, requireSubscription, resourceId, resourceNotFound } from '../arm/scope.ts'
import { callerOf, type Json, Refusal, type Reply, type Route, type TwinRequest } from '../route.ts'
import type { Twin } from '../twin.ts'
import { deletedVaultRoutes, recoverVault } from './deleted-vaults.ts'
import { DAY_MS, deletedVault, livingVault, VAULT_TYPE, type Vault, vaultTable, vaultUri } from './vault.ts'
import { mergePolicies, newVault, policiesOf, vaultChanges } from './vault-settings.ts'

const NAME = /^(?!.*--)[a-z][a-z0-9-]{1,22}[a-z0-9]$/i
/** Until the vault's name can be resolved it says that it is still being registered. */
const REGISTERS_MS = 5000

/** @returns the routes of `Microsoft.KeyVault` */
export function vaultArmRoutes(twin: Twin): Route[] {
  const one = inGroup(`${VAULT_TYPE}/:vault`)
  return [
    { method: 'PUT', path: one, handle: (request) => putVault(twin, request) },
    { method: 'PATCH', path: one, handle: (request) => patchVault(twin, request) },
    { method: 'GET', path: one, handle: (request) => ({ status: 200, body: shown(twin, requireVault(twin, request)) }) },
    { method: 'DELETE', path: one, handle: (request) => removeVault(twin, request) },
    { method: 'PUT', path: `${one}/accessPolicies/:change`, handle: (request) => changePolicies(twin, request) },
    { method: 'GET', path: inGroup(VAULT_TYPE), handle: (request) => listVaults(twin, request, requireGroup(twin, request).name) },
    {
      method: 'GET',
      path: inSubscription(VAULT_TYPE),
      handle: (request) => {
        requireSubscription(twin, request)
        return listVaults(twin, request)
      },
    },
    { method: 'POST', path: inSubscription('Microsoft.KeyVault/checkNameAvailability'), handle: (request) => checkName(twin, request) },
    ...deletedVaultRoutes(twin),
  ]
}

function putVault(twin: Twin, request: TwinRequest): Reply {
  const group = requireGroup(twin, request)
  const name = request.params.vault!
  if (!NAME.test(name)) throw invalidName(name)
  const body = jsonOf(request)
  const location = requireLocation(stringField(body, 'location'))
  const properties = objectField(body, 'properties')
  if (properties.createMode === 'recover') {
    return { status: 200, body: shown(twin, recoverVault(twin, request, group.name, name, location)) }
  }
  const existing = livingVault(twin.store, name)
  if (!existing) requireFreeName(twin, name)
  else requireSamePlace(existing, group.name, location)
  const base = existing ?? newVault(twin, { name, group: group.name, location }, properties, request.query.get('api-version')!)
  const vault = { ...vaultChanges(twin, base, properties, existing !== undefined), tags: objectField(body, 'tags') }
  return save(twin, request, vault, existing ? 'vault/update' : 'vault/create')
}

function patchVault(twin: Twin, request: TwinRequest): Reply {
  const existing = requireVault(twin, request)
  const body = jsonOf(request)
  const vault = vaultChanges(twin, existing, objectField(body, 'properties'), true)
  return save(twin, request, { ...vault, tags: body.tags === undefined ? existing.tags : objectField(body, 'tags') }, 'vault/update')
}

function save(twin: Twin, request: TwinRequest, vault: Vault, operation: string): Reply {
  commitVault(twin, request, vault, operation)
  return { status: 200, body: shown(twin, vault) }
}

function removeVault(twin: Twin, request: TwinRequest): Reply {
  const vault = requireVault(twin, request)
  const now = twin.clock.now()
  const deleted = { at: now, purgeAt: now + vault.softDeleteRetentionInDays * DAY_MS }
  commitVault(twin, request, { ...vault, deleted }, 'vault/delete')
  return { status: 200 }
}

function changePolicies(twin: Twin, request: TwinRequest): Reply {
  const vault = requireVault(twin, request)
  const given = policiesOf(twin, objectField(jsonOf(request), 'properties'))
  const accessPolicies = mergePolicies(vault.accessPolicies, given, request.params.change!)
  commitVault(twin, request, { ...vault, accessPolicies }, `vault/access-policy-${request.params.change!.toLowerCase()}`)
  const id = `${idOf(twin, vault)}/accessPolicies/`
  return { status: 200, body: { id, type: `${VAULT_TYPE}/accessPolicies`, location: vault.location, properties: { accessPolicies } } }
}

function listVaults(twin: Twin, request: TwinRequest, group?: string): Reply {
  const top = request.query.get('$top')
  if (top !== null && !/^[1-9]\d{0,3}$/.test(top)) throw new Refusal(400, 'BadRequest', 'The value of $top is not a positive number.')
  const vaults = vaultTable(twin.store)
    .rows()
    .filter((vault) => !vault.deleted && (group === undefined || vault.group === group))
  return { status: 200, body: { value: vaults.map((vault) => shown(twin, vault)) } }
}

function checkName(twin: Twin, request: TwinRequest): Reply {
  requireSubscription(twin, request)
  const name = stringField(jsonOf(request), 'name')
  if (!NAME.test(name))
    return { status: 200, body: { nameAvailable: false, reason: 'AccountNameInvalid', message: invalidName(name).message } }
  try {
    if (livingVault(twin.store, name)) throw alreadyInUse(name)
    requireFreeName(twin, name)
    return { status: 200, body: { nameAvailable: true } }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { status: 200, body: { nameAvailable: false, reason: 'AlreadyExists', message: error.message } }
  }
}

function commitVault(twin: Twin, request: TwinRequest, vault: Vault, operation: string): void {
  const effect = { principal: callerOf(request).objectId, operation, resource: idOf(twin, vault) }
  twin.store.commit(effect, vaultTable(twin.store).put(vault.name.toLowerCase(), vault))
}

function requireVault(twin: Twin, request: TwinRequest): Vault {
  const group = requireGroup(twin, request)
  const vault = livingVault(twin.store, request.params.vault!)
  if (vault?.group !== group.name) throw resourceNotFound(VAULT_TYPE, request.params.vault!, group.name)
  return vault
}

/** @throws Refusal ConflictError for the name of a deleted vault */
function requireFreeName(twin: Twin, name: string): void {
  if (!deletedVault(twin.store, name, twin.clock.now())) return
  const message =
    'A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.'
  throw new Refusal(409, 'ConflictError', message)
}

function requireSamePlace(existing: Vault, group: string, location: string): void {
  if (existing.group !== group) throw alreadyInUse(existing.name)
  if (existing.location === location) return
  const message = `The resource '${existing.name}' already exists in location '${existing.location}' in resource group '${group}'. A resource with the same name cannot be created in location '${location}'. Please select a new resource name.`
  throw new Refusal(409, 'InvalidResourceLocation', message)
}

function alreadyInUse(name: string): Refusal {
  const message = `The vault name '${name}' is already in use. Vault names are globally unique so it is possible that the name is already taken. If you are sure that the vault name was not taken then it is possible that a vault with the same name was recently deleted but not purged after being placed in a recoverable state. If the vault is in a recoverable state then the vault will need to be purged before reusing the name. For more information on soft delete and purging a vault follow this link https://go.microsoft.com/fwlink/?linkid=2147740.`
  return new Refusal(409, 'VaultAlreadyExists', message)
}

function invalidName(name: string): Refusal {
  const message = `The vault name '${name.slice(0, 90)}' is invalid. A vault's name must be between 3-24 alphanumeric characters. The name must begin with a letter, end with a letter or digit, and not contain consecutive hyphens. Follow this link for more information: https://go.microsoft.com/fwlink/?linkid=2147742`
  return new Refusal(400, 'VaultNameNotValid', message)
}

const idOf = (twin: Twin, vault: Vault): string => resourceId(twin, vault.group, VAULT_TYPE, vault.name)

/** A vault as the resource manager shows it. */
function shown(twin: Twin, vault: Vault): Json {
  return {
    id: idOf(twin, vault),
    name: vault.name,
    type: VAULT_TYPE,
    location: vault.location,
    tags: vault.tags,
    properties: {
      sku: { family: 'A', name: vault.sku },
      tenantId: vault.tenantId,
      accessPolicies: vault.accessPolicies,
      ...(vault.networkAcls ? { networkAcls: vault.networkAcls } : {}),
      enabledForDeployment: vault.flags.deployment,
      enabledForDiskEncryption: vault.flags.diskEncryption,
      enabledForTemplateDeployment: vault.flags.templateDeployment,
      enableSoftDelete: true,
      softDeleteRetentionInDays: vault.softDeleteRetentionInDays,
      enableRbacAuthorization: vault.rbac,
      ...(vault.purgeProtection ? { enablePurgeProtection: true } : {}),
      vaultUri: vaultUri(vault.name),
      publicNetworkAccess: vault.publicNetworkAccess,
      provisioningState: twin.clock.now() < vault.createdAt + REGISTERS_MS ? 'RegisteringDns' : 'Succeeded',
    },
  }
}
