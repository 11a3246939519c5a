/** Storage accounts in the resource manager: make, show, list, change. */
import { changedIdentity } from '../arm/identity.ts'
import { jsonOf, objectField, stringField } from '../arm/input.ts'
import { requireLocation } from '../arm/locations.ts'
import { inGroup, inSubscription, requireGroup, requireSubscription, resourceNotFound } from '../arm/scope.ts'
import { callerOf, type Json, Refusal, type Reply, type Route, type TwinRequest } from '../route.ts'
import type { Twin } from '../twin.ts'
import { ACCOUNT_TYPE, accountTable, type StorageAccount } from './account.ts'
import { encryptedAs } from './customer-key.ts'
import type { DataKeys } from './data-keys.ts'
import { accountId, shownAccount } from './shown.ts'

const NAME = /^[a-z0-9]{3,24}$/
const SKUS = [
  'Standard_LRS',
  'Standard_GRS',
  'Standard_RAGRS',
  'Standard_ZRS',
  'Standard_GZRS',
  'Standard_RAGZRS',
  'Premium_LRS',
  'Premium_ZRS',
]

/** @returns the routes of `Microsoft.Storage` */
export function storageArmRoutes(twin: Twin, dataKeys: DataKeys): Route[] {
  const one = inGroup(`${ACCOUNT_TYPE}/:account`)
  const show = (request: TwinRequest): Reply => ({ status: 200, body: shownAccount(twin, requireAccount(twin, request)) })
  const listed = (accounts: readonly StorageAccount[]): Reply => ({
    status: 200,
    body: { value: accounts.map((account) => shownAccount(twin, account)) },
  })
  return [
    { method: 'PUT', path: one, handle: (request) => putAccount(twin, dataKeys, request) },
    { method: 'PATCH', path: one, handle: (request) => patchAccount(twin, dataKeys, request) },
    { method: 'GET', path: one, handle: show },
    {
      method: 'GET',
      path: inGroup(ACCOUNT_TYPE),
      handle(request) {
        const group = requireGroup(twin, request).name
        return listed(
          accountTable(twin.store)
            .rows()
            .filter((account) => account.group === group),
        )
      },
    },
    {
      method: 'GET',
      path: inSubscription(ACCOUNT_TYPE),
      handle(request) {
        requireSubscription(twin, request)
        return listed(accountTable(twin.store).rows())
      },
    },
  ]
}

/** @returns an account as it is before anything is set about it */
export function newAccount(
  twin: Twin,
  dataKeys: DataKeys,
  place: { readonly name: string; readonly group: string; readonly location: string },
): StorageAccount {
  const settings = { tags: {}, sku: 'Standard_LRS', dataContributors: null, identity: null, customerKey: null }
  return { ...place, ...settings, dataKey: dataKeys.create(), createdAt: twin.clock.now() }
}

function putAccount(twin: Twin, dataKeys: DataKeys, request: TwinRequest): Reply {
  const group = requireGroup(twin, request).name
  const name = request.params.account!
  if (!NAME.test(name)) {
    const message = `${name.slice(0, 90)} is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only.`
    throw new Refusal(400, 'AccountNameInvalid', message)
  }
  const body = jsonOf(request)
  const location = requireLocation(stringField(body, 'location'))
  const existing = accountTable(twin.store).get(name)
  if (existing && existing.group !== group) {
    throw new Refusal(409, 'StorageAccountAlreadyTaken', `The storage account named ${name} is already taken.`)
  }
  if (existing && existing.location !== location) {
    const message = `The resource '${name}' already exists in location '${existing.location}' in resource group '${group}'. A resource with the same name cannot be created in location '${location}'. Please select a new resource name.`
    throw new Refusal(409, 'InvalidResourceLocation', message)
  }
  if (!existing && !/^StorageV2$/i.test(stringField(body, 'kind'))) {
    throw new Refusal(501, 'NotImplemented', 'The twin has accounts of the kind StorageV2 only.')
  }
  if (!existing) stringField(objectField(body, 'sku'), 'name')
  const base = existing ?? newAccount(twin, dataKeys, { name, group, location })
  return save(twin, request, changed(twin, dataKeys, base, body), existing ? operationOf(body) : 'storage-account/create')
}

function patchAccount(twin: Twin, dataKeys: DataKeys, request: TwinRequest): Reply {
  const body = jsonOf(request)
  return save(twin, request, changed(twin, dataKeys, requireAccount(twin, request), body), operationOf(body))
}

function changed(twin: Twin, dataKeys: DataKeys, account: StorageAccount, body: Json): StorageAccount {
  const { encryption } = objectField(body, 'properties')
  const identity =
    body.identity === undefined ? account.identity : changedIdentity(objectField(body, 'identity'), account.identity, twin.seed.tenant)
  const settings = {
    ...account,
    identity,
    tags: body.tags === undefined ? account.tags : objectField(body, 'tags'),
    sku: body.sku === undefined ? account.sku : skuOf(objectField(body, 'sku')),
  }
  if (encryption === undefined) return settings
  return encryptedAs(twin, dataKeys, settings, objectField(objectField(body, 'properties'), 'encryption'))
}

function skuOf(sku: Json): string {
  const name = stringField(sku, 'name')
  const found = SKUS.find((each) => each.toLowerCase() === name.toLowerCase())
  if (!found) throw new Refusal(400, 'InvalidAccountType', `The AccountType ${name.slice(0, 40)} is invalid.`)
  return found
}

/** The effect's name, after the most telling part of the request. */
function operationOf(body: Json): string {
  if (objectField(body, 'properties').encryption !== undefined) return 'storage-account/set-encryption'
  return body.identity === undefined ? 'storage-account/update' : 'storage-account/set-identity'
}

function save(twin: Twin, request: TwinRequest, account: StorageAccount, operation: string): Reply {
  const effect = { principal: callerOf(request).objectId, operation, resource: accountId(twin, account) }
  twin.store.commit(effect, accountTable(twin.store).put(account.name, account))
  return { status: 200, body: shownAccount(twin, account) }
}

function requireAccount(twin: Twin, request: TwinRequest): StorageAccount {
  const group = requireGroup(twin, request).name
  const name = request.params.account!
  const account = accountTable(twin.store).get(name.toLowerCase())
  if (account?.group !== group) throw resourceNotFound(ACCOUNT_TYPE, name, group)
  return account
}
