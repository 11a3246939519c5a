/** Storage accounts in the resource manager, through its own SDK. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningTwin, SCOPES, SEED, startTwin } from '../azure-twin.ts'
import { ACCOUNT, accounts, GROUP } from './storage-setup.ts'
import { ARM } from './vault-setup.ts'

let twin: RunningTwin
beforeAll(async () => {
  twin = await startTwin()
})
afterAll(() => twin.remove())

const ID = `/subscriptions/${SEED.subscription}/resourceGroups/${GROUP}/providers/Microsoft.Storage/storageAccounts/${ACCOUNT}`
const URL_OF_ONE = `${ARM}/resourceGroups/${GROUP}/providers/Microsoft.Storage/storageAccounts`
const VERSION = 'api-version=2024-01-01'
const patch = (body: unknown) => twin.request('PATCH', `${URL_OF_ONE}/${ACCOUNT}?${VERSION}`, { scope: SCOPES.arm, body })

describe('a storage account', () => {
  test('of the seed is there, without identity, under a key of the service', async () => {
    const account = await accounts(twin).getProperties(GROUP, ACCOUNT)
    expect(account).toMatchObject({
      id: ID,
      kind: 'StorageV2',
      location: 'westeurope',
      provisioningState: 'Succeeded',
      allowSharedKeyAccess: false,
      primaryEndpoints: { blob: `https://${ACCOUNT}.blob.core.azure.test/` },
      encryption: { keySource: 'Microsoft.Storage', services: { blob: { enabled: true, keyType: 'Account' } } },
    })
    expect(account.identity).toBeUndefined()
    expect(account.encryption!.keyVaultProperties).toBeUndefined()
  })

  test('gets an identity, and keeps it when it is given one again', async () => {
    const give = () => accounts(twin).update(GROUP, ACCOUNT, { identity: { type: 'SystemAssigned' } })
    const { identity } = await give()
    expect(identity).toMatchObject({ type: 'SystemAssigned', tenantId: SEED.tenant, principalId: expect.stringMatching(/^[0-9a-f-]{36}$/) })
    expect((await give()).identity).toEqual(identity)
    expect((await accounts(twin).getProperties(GROUP, ACCOUNT)).identity).toEqual(identity)
  })

  test('that lost its identity gets another one', async () => {
    const { identity: before } = await accounts(twin).getProperties(GROUP, ACCOUNT)
    await accounts(twin).update(GROUP, ACCOUNT, { identity: { type: 'None' } })
    expect((await accounts(twin).getProperties(GROUP, ACCOUNT)).identity).toBeUndefined()
    const { identity } = await accounts(twin).update(GROUP, ACCOUNT, { identity: { type: 'SystemAssigned' } })
    expect(identity!.principalId).not.toBe(before!.principalId)
  })

  test('is made, changed and listed', async () => {
    const made = await accounts(twin).create(GROUP, 'contosonew', {
      location: 'West Europe',
      kind: 'StorageV2',
      sku: { name: 'Standard_LRS' },
    })
    expect(made).toMatchObject({ name: 'contosonew', location: 'westeurope', sku: { name: 'Standard_LRS', tier: 'Standard' } })
    const changed = await accounts(twin).update(GROUP, 'contosonew', { tags: { for: 'a test' }, sku: { name: 'Standard_ZRS' } })
    expect(changed).toMatchObject({ tags: { for: 'a test' }, sku: { name: 'Standard_ZRS' } })
    const names: string[] = []
    for await (const { name } of accounts(twin).listByResourceGroup(GROUP)) names.push(name!)
    expect(names).toEqual([ACCOUNT, 'contosoclosed', 'contosonew'])
    for await (const { name } of accounts(twin).list()) expect(names).toContain(name)
    for await (const { name } of accounts(twin).listByResourceGroup('other')) expect(name).toBeUndefined()
  })

  test('tells each change in the log of effects once', () => {
    const ofNew = twin.effects().filter((effect) => effect.endsWith('/contosonew'))
    expect(ofNew.map((effect) => effect.split(' ')[0])).toEqual(['storage-account/create', 'storage-account/update'])
  })
})

describe('the resource provider refuses', () => {
  const settings = { location: 'westeurope', kind: 'StorageV2', sku: { name: 'Standard_LRS' } } as const
  test.each([
    ['an account that is not there', () => accounts(twin).getProperties(GROUP, 'nobody'), 404, 'ResourceNotFound'],
    ['an account in another group', () => accounts(twin).getProperties('other', ACCOUNT), 404, 'ResourceNotFound'],
    ['a group that is not there', () => accounts(twin).getProperties('nowhere', ACCOUNT), 404, 'ResourceGroupNotFound'],
    ['a name with a dash', () => accounts(twin).create(GROUP, 'no-dash', settings), 400, 'AccountNameInvalid'],
    ['a name that another group has', () => accounts(twin).create('other', ACCOUNT, settings), 409, 'StorageAccountAlreadyTaken'],
    [
      'to move an account',
      () => accounts(twin).create(GROUP, ACCOUNT, { ...settings, location: 'eastus' }),
      409,
      'InvalidResourceLocation',
    ],
    [
      'an unknown SKU',
      () => accounts(twin).create(GROUP, 'newone', { ...settings, sku: { name: 'Standard_XYZ' } }),
      400,
      'InvalidAccountType',
    ],
    ['what it has not got', () => accounts(twin).create(GROUP, 'newone', { ...settings, kind: 'BlobStorage' }), 501, 'NotImplemented'],
  ])('%s', async (_, act, statusCode, code) => {
    const effects = twin.effects().length
    await expect(act()).rejects.toMatchObject({ statusCode, code })
    expect(twin.effects()).toHaveLength(effects)
  })

  test.each([
    ['encryption without a source', { properties: { encryption: {} } }, 'MissingEncryptionKeySource'],
    ['an unknown source', { properties: { encryption: { keySource: 'Microsoft.Elsewhere' } } }, 'InvalidValuesForRequestParameters'],
    ['properties that are a list', { properties: [] }, 'InvalidRequestContent'],
    ['an unknown kind of identity', { identity: { type: 'Borrowed' } }, 'InvalidIdentityType'],
  ])('%s', async (_, body, code) => {
    expect(await patch(body)).toMatchObject({ status: 400, json: { error: { code } } })
  })

  test('who has no token, or one for another service', async () => {
    const one = `${URL_OF_ONE}/${ACCOUNT}?${VERSION}`
    expect(await twin.request('GET', one)).toMatchObject({ status: 401, json: { error: { code: 'AuthenticationFailed' } } })
    expect(await twin.request('GET', one, { scope: SCOPES.storage })).toMatchObject({
      status: 401,
      json: { error: { code: 'InvalidAuthenticationTokenAudience' } },
    })
  })
})
