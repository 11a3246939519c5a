/** What SQL says no to before it takes a key for a protector: each with the code that the service has for it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OFFICER, type RunningTwin, startTwin } from '../azure-twin.ts'
import { ACCESS, type Ended, ended, identityOf, keyName, PROTECTOR, putKey, putProtector, SERVER } from './sql-setup.ts'
import { arm, grant, keyExchangeKey, policy, premiumVault, VAULTS, vault, wrappingKey } from './vault-setup.ts'

let twin: RunningTwin
let principal: string
beforeAll(async () => {
  twin = await startTwin({ scale: 600 })
})
afterAll(() => twin.remove())

const failed = (code: string) => ({ status: 'Failed', error: { code, message: expect.any(String) } })
const refusal = (status: number, code: string) => ({ status, json: { error: { code, message: expect.any(String) } } })
const add = async (kid: string): Promise<Ended> => ended(twin, await putKey(twin, kid))

describe('a server without an identity', () => {
  test('can add no key', async () => {
    await premiumVault(twin, 'refusing')
    expect(await add(await wrappingKey(twin, 'refusing', 'good'))).toMatchObject(failed('AzureKeyVaultNoServerIdentity'))
  })
})

describe('a key', () => {
  beforeAll(async () => {
    principal = await identityOf(twin)
    await grant(twin, 'refusing', principal, ACCESS)
  })

  test.each<[string, () => Promise<string>, string]>([
    ['of 4096 bits', () => wrappingKey(twin, 'refusing', 'large', { key_size: 4096 }), 'AzureKeyVaultRsaKeyNotSupported'],
    ['that was deleted', () => made('deleted', (path) => vault(twin, 'refusing', 'DELETE', path)), 'AzureKeyVaultKeyNameNotFound'],
    ['that was never there', async () => `https://refusing.vault.azure.test/keys/none/${'0'.repeat(32)}`, 'AzureKeyVaultKeyNameNotFound'],
    [
      'in a vault that is not there',
      async () => `https://nowhere.vault.azure.test/keys/k/${'0'.repeat(32)}`,
      'AkvHostNotResolvingFromNode',
    ],
    ['that is disabled', () => made('off', (path) => patch(path, { enabled: false })), 'AzureKeyVaultKeyDisabled'],
    ['that has expired', () => made('old', (path) => patch(path, { exp: 1000 })), 'AzureKeyVaultInvalidExpirationDate'],
    ['that is not valid yet', () => made('new', (path) => patch(path, { nbf: 4_000_000_000 })), 'AzureKeyVaultInvalidExpirationDate'],
    ['that can only import', async () => (await keyExchangeKey(twin, 'refusing', 'kek')).kid, 'AzureKeyVaultMissingPermissions'],
  ])('%s is refused', async (_, kid, code) => {
    expect(await add(await kid())).toMatchObject(failed(code))
  })

  test('in a vault without purge protection is refused', async () => {
    await premiumVault(twin, 'unprotected', { enablePurgeProtection: undefined })
    await grant(twin, 'unprotected', principal, ACCESS)
    expect(await add(await wrappingKey(twin, 'unprotected', 'good'))).toMatchObject(failed('SecurityInvalidAzureKeyVaultRecoveryLevel'))
  })

  test('in a vault whose firewall keeps services out is refused', async () => {
    const networkAcls = { defaultAction: 'Deny', bypass: 'None', ipRules: [{ value: '127.0.0.1' }] }
    await premiumVault(twin, 'walled-off', { networkAcls })
    await grant(twin, 'walled-off', principal, ACCESS)
    expect(await add(await wrappingKey(twin, 'walled-off', 'good'))).toMatchObject(failed('AkvEndpointNotReachableFromNode'))
  })

  test.each(ACCESS)('that the server has not got %s for is refused, and the permission is named', async (permission) => {
    const name = `no-${permission.toLowerCase()}`
    await premiumVault(twin, name)
    await grant(
      twin,
      name,
      principal,
      ACCESS.filter((one) => one !== permission),
    )
    const answer = await add(await wrappingKey(twin, name, 'good'))
    expect(answer).toMatchObject(failed('AzureKeyVaultMissingPermissions'))
    expect(answer.error?.message).toContain(`'${permission}'`)
    expect(answer.error?.message).toContain(principal)
  })

  test('that the server may not touch at all is refused with all that is missing', async () => {
    await premiumVault(twin, 'stranger-here', { accessPolicies: [policy(OFFICER.objectId, ['create'])] })
    const { error } = await add(await wrappingKey(twin, 'stranger-here', 'good'))
    expect(error?.message).toContain("'get, wrapKey, unwrapKey'")
  })

  test('that is refused does not show among the server’s keys', async () => {
    expect((await arm(twin, 'GET', `${SERVER}/keys`)).json.value).toHaveLength(1)
    expect(twin.effects().filter((effect) => effect.startsWith('sql-key/create '))).toEqual([])
  })
})

describe('a request to add a key', () => {
  const uri = `https://refusing.vault.azure.test/keys/good/${'1'.repeat(32)}`
  test.each<[string, string, unknown, string]>([
    ['a name that does not fit', 'refusing_other_1', { serverKeyType: 'AzureKeyVault', uri }, 'SecurityAzureKeyVaultInvalidKeyName'],
    ['no version', 'refusing_good_', { serverKeyType: 'AzureKeyVault', uri: uri.slice(0, -33) }, 'AzureKeyVaultMalformedVaultUri'],
    [
      'a URI of another cloud',
      'refusing_good_1',
      { serverKeyType: 'AzureKeyVault', uri: uri.replace('.test', '.net') },
      'AzureKeyVaultMalformedVaultUri',
    ],
    ['no URI', 'refusing_good_1', { serverKeyType: 'AzureKeyVault' }, 'SecurityAzureKeyVaultUrlNullOrEmpty'],
    ['no properties', 'refusing_good_1', undefined, 'InvalidKeyUpsertRequest'],
    ['the service’s own key', 'ServiceManaged', { serverKeyType: 'ServiceManaged' }, 'InvalidUpsertKeyType'],
    ['a type that is unknown', 'refusing_good_1', { serverKeyType: 'Mine', uri }, 'InvalidKeyType'],
  ])('with %s is refused at once', async (_, name, properties, code) => {
    expect(await arm(twin, 'PUT', `${SERVER}/keys/${name}`, { properties })).toMatchObject(refusal(400, code))
  })
})

describe('a protector', () => {
  test('that the server does not know is refused', async () => {
    const kid = await wrappingKey(twin, 'refusing', 'unknown')
    expect(await ended(twin, await putProtector(twin, keyName(kid)))).toMatchObject(failed('ServerKeyNotFound'))
    expect(await arm(twin, 'GET', `${SERVER}/keys/${keyName(kid)}`)).toMatchObject(refusal(404, 'ServerKeyNotFound'))
    expect(await arm(twin, 'DELETE', `${SERVER}/keys/${keyName(kid)}`)).toMatchObject(refusal(404, 'ServerKeyNotFound'))
  })

  test('whose vault was deleted since the server got to know it is refused, and the old one stays', async () => {
    await premiumVault(twin, 'short-lived')
    await grant(twin, 'short-lived', principal, ACCESS)
    const kid = await wrappingKey(twin, 'short-lived', 'good')
    expect(await add(kid)).toMatchObject({ status: 'Succeeded' })
    await arm(twin, 'DELETE', `${VAULTS}/short-lived`)
    expect(await ended(twin, await putProtector(twin, keyName(kid)))).toMatchObject(failed('AkvHostNotResolvingFromNode'))
    expect((await arm(twin, 'GET', PROTECTOR)).json.properties.serverKeyType).toBe('ServiceManaged')
  })

  test.each<[string, string, unknown, number, string]>([
    ['of another name than current', 'next', { serverKeyType: 'ServiceManaged' }, 400, 'InvalidEncryptionProtectorName'],
    ['of an unknown type', 'current', { serverKeyType: 'Mine' }, 400, 'InvalidKeyType'],
    ['without a key', 'current', { serverKeyType: 'AzureKeyVault' }, 400, 'InvalidKeyName'],
    [
      'that rotates itself, which the twin does not do',
      'current',
      { serverKeyType: 'AzureKeyVault', autoRotationEnabled: true },
      501,
      'NotImplemented',
    ],
  ])('%s is refused at once', async (_, name, properties, status, code) => {
    expect(await arm(twin, 'PUT', PROTECTOR.replace('current', name), { properties })).toMatchObject(refusal(status, code))
  })
})

/** Makes a key and does something to it. @returns its kid */
async function made(name: string, change: (path: string) => Promise<unknown>): Promise<string> {
  const kid = await wrappingKey(twin, 'refusing', name)
  await change(`/keys/${name}`)
  return kid
}

function patch(path: string, attributes: Record<string, unknown>) {
  return vault(twin, 'refusing', 'PATCH', path, { attributes })
}
