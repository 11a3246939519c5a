/** What a client may set about a vault, and what it may not set back. */
import { objectField, optionalBoolean, optionalInteger, stringField } from '../arm/input.ts'
import { isObject, type Json, Refusal } from '../route.ts'
import type { Twin } from '../twin.ts'
import { KEY_PERMISSIONS } from './access.ts'
import type { AccessPolicy, NetworkRules, Vault } from './vault.ts'

const RETENTION = { least: 7, most: 90 }
const MAX_POLICIES = 1024
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const bad = (message: string): Refusal => new Refusal(400, 'BadRequest', message)

/** From this API version on a new vault goes by roles unless it is told otherwise. */
const RBAC_SINCE = '2026-02-01'

/**
 * @param apiVersion decides on the access model where the properties do not
 * @returns the vault before its settings are applied; those that are fixed for ever are fixed here
 */
export function newVault(
  twin: Twin,
  place: { name: string; group: string; location: string },
  properties: Json,
  apiVersion: string,
): Vault {
  const rbac = optionalBoolean(properties, 'enableRbacAuthorization') ?? apiVersion >= RBAC_SINCE
  const days = optionalInteger(properties, 'softDeleteRetentionInDays') ?? RETENTION.most
  if (days < RETENTION.least || days > RETENTION.most) {
    throw bad(`The property "softDeleteRetentionInDays" has an invalid value: it must be between ${RETENTION.least} and ${RETENTION.most}.`)
  }
  if (stringField(properties, 'tenantId').toLowerCase() !== twin.seed.tenant) {
    throw bad('The tenant ID in the request does not match the tenant of the subscription.')
  }
  if (properties.sku === undefined) throw bad('The parameter sku is not specified.')
  if (properties.accessPolicies === undefined && !rbac) {
    throw bad('The parameter accessPolicies is not specified.')
  }
  return {
    ...place,
    tags: {},
    tenantId: twin.seed.tenant,
    sku: 'standard',
    softDeleteRetentionInDays: days,
    purgeProtection: false,
    rbac,
    accessPolicies: [],
    networkAcls: null,
    publicNetworkAccess: 'Enabled',
    flags: { deployment: false, diskEncryption: false, templateDeployment: false },
    createdAt: twin.clock.now(),
    deleted: null,
  }
}

/**
 * Applies a PUT's or PATCH's properties.
 * @throws Refusal BadRequest for what cannot be taken back: purge protection, soft delete, the retention
 */
export function vaultChanges(twin: Twin, vault: Vault, properties: Json, exists: boolean): Vault {
  if (optionalBoolean(properties, 'enablePurgeProtection') === false) {
    throw bad(
      'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is an irreversible action.',
    )
  }
  if (optionalBoolean(properties, 'enableSoftDelete') === false) {
    throw bad('The property "enableSoftDelete" cannot be set to false. Soft delete is enabled for every vault and cannot be disabled.')
  }
  const days = optionalInteger(properties, 'softDeleteRetentionInDays')
  if (exists && days !== undefined && days !== vault.softDeleteRetentionInDays) {
    throw bad('The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.')
  }
  return {
    ...vault,
    sku: properties.sku === undefined ? vault.sku : skuOf(objectField(properties, 'sku')),
    purgeProtection: vault.purgeProtection || properties.enablePurgeProtection === true,
    rbac: optionalBoolean(properties, 'enableRbacAuthorization') ?? vault.rbac,
    accessPolicies: properties.accessPolicies === undefined ? vault.accessPolicies : policiesOf(twin, properties),
    networkAcls: properties.networkAcls === undefined ? vault.networkAcls : networkRules(objectField(properties, 'networkAcls')),
    publicNetworkAccess:
      choice(properties.publicNetworkAccess, ['Enabled', 'Disabled'], 'publicNetworkAccess') ?? vault.publicNetworkAccess,
    flags: {
      deployment: optionalBoolean(properties, 'enabledForDeployment') ?? vault.flags.deployment,
      diskEncryption: optionalBoolean(properties, 'enabledForDiskEncryption') ?? vault.flags.diskEncryption,
      templateDeployment: optionalBoolean(properties, 'enabledForTemplateDeployment') ?? vault.flags.templateDeployment,
    },
  }
}

/** @returns the policies of a body @throws Refusal BadRequest */
export function policiesOf(twin: Twin, properties: Json): AccessPolicy[] {
  const list = properties.accessPolicies
  if (!Array.isArray(list) || list.length > MAX_POLICIES)
    throw bad(`The parameter accessPolicies must be a list of at most ${MAX_POLICIES}.`)
  return list.map((policy) => {
    if (!isObject(policy)) throw bad('An access policy must be an object.')
    const objectId = stringField(policy, 'objectId')
    if (!UUID.test(objectId))
      throw bad(`An invalid value was provided for 'accessPolicies': objectId '${objectId.slice(0, 60)}' is not a GUID.`)
    if (stringField(policy, 'tenantId').toLowerCase() !== twin.seed.tenant)
      throw bad('The tenant ID of an access policy does not match that of the vault.')
    const permissions = objectField(policy, 'permissions')
    const keys = names(permissions, 'keys')
    const unknown = keys.find((name) => ![...KEY_PERMISSIONS, 'all'].some((known) => known.toLowerCase() === name.toLowerCase()))
    if (unknown !== undefined)
      throw bad(`An invalid value was provided for 'accessPolicies': '${unknown.slice(0, 60)}' is not a permission on keys.`)
    return {
      tenantId: twin.seed.tenant,
      objectId: objectId.toLowerCase(),
      permissions: {
        keys,
        secrets: names(permissions, 'secrets'),
        certificates: names(permissions, 'certificates'),
        storage: names(permissions, 'storage'),
      },
    }
  })
}

/** `add` joins the permissions, `replace` puts them in the old ones' place, `remove` takes them away. */
export function mergePolicies(before: readonly AccessPolicy[], given: readonly AccessPolicy[], how: string): AccessPolicy[] {
  const kind = how.toLowerCase()
  if (!['add', 'replace', 'remove'].includes(kind))
    throw bad(`'${how.slice(0, 40)}' is not a way to change access policies: add, replace or remove.`)
  const result = new Map(before.map((policy) => [policy.objectId, policy]))
  for (const policy of given) {
    const old = result.get(policy.objectId)
    const merged =
      old && kind !== 'replace' ? { ...policy, permissions: mergePermissions(old.permissions, policy.permissions, kind) } : policy
    if (kind === 'remove' && (!old || Object.values(merged.permissions).every((list) => list.length === 0))) result.delete(policy.objectId)
    else result.set(policy.objectId, merged)
  }
  return [...result.values()]
}

type Permissions = AccessPolicy['permissions']

function mergePermissions(before: Permissions, given: Permissions, kind: string): Permissions {
  const merge = (a: readonly string[], b: readonly string[]): string[] => {
    const has = (list: readonly string[], name: string): boolean => list.some((each) => each.toLowerCase() === name.toLowerCase())
    if (kind === 'remove') return a.filter((name) => !has(b, name))
    return [...a, ...b.filter((name) => !has(a, name))]
  }
  return {
    keys: merge(before.keys, given.keys),
    secrets: merge(before.secrets, given.secrets),
    certificates: merge(before.certificates, given.certificates),
    storage: merge(before.storage, given.storage),
  }
}

function skuOf(sku: Json): Vault['sku'] {
  const name = stringField(sku, 'name').toLowerCase()
  if (sku.family !== 'A' || (name !== 'standard' && name !== 'premium'))
    throw bad('The SKU is invalid: family A, and standard or premium, are expected.')
  return name
}

function networkRules(rules: Json): NetworkRules {
  const list = (name: string): Json[] => {
    const value = rules[name] ?? []
    if (!Array.isArray(value) || !value.every(isObject)) throw bad(`'networkAcls.${name}' must be a list of objects.`)
    return value
  }
  return {
    bypass: choice(rules.bypass, ['AzureServices', 'None'], 'networkAcls.bypass') ?? 'AzureServices',
    defaultAction: choice(rules.defaultAction, ['Allow', 'Deny'], 'networkAcls.defaultAction') ?? 'Deny',
    ipRules: list('ipRules').map((rule) => ({ value: stringField(rule, 'value') })),
    virtualNetworkRules: list('virtualNetworkRules'),
  }
}

function names(permissions: Json, kind: string): string[] {
  const value = permissions[kind] ?? []
  if (!Array.isArray(value) || !value.every((name) => typeof name === 'string' && name.length < 60))
    throw bad(`The permissions on ${kind} must be a list of names.`)
  return value as string[]
}

/** Compares without regard to case, as the resource manager does. */
function choice<T extends string>(value: unknown, choices: readonly T[], name: string): T | undefined {
  if (value === undefined || value === null) return undefined
  const found = choices.find((each) => typeof value === 'string' && each.toLowerCase() === value.toLowerCase())
  if (found === undefined) throw bad(`The property "${name}" has an invalid value: ${choices.join(' or ')} is expected.`)
  return found
}
