import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningTwin, SCOPES, SEED, startTwin } from '../azure-twin.ts'
import {
  ended,
  identityOf,
  keyName,
  PROTECTOR,
  passed,
  protectedServer,
  putKey,
  putProtector,
  SERVER,
  SERVERS,
  statusOf,
} from './sql-setup.ts'
import { ARM, arm, vault, wrappingKey } from './vault-setup.ts'

let twin: RunningTwin
beforeAll(async () => {
  twin = await startTwin({ scale: 600 })
})
afterAll(() => twin.remove())

const refusal = (status: number, code: string) => ({ status, json: { error: { code, message: expect.any(String) } } })
const recorded = (operation: string) => twin.effects().filter((effect) => effect.startsWith(`${operation} `))
const NEW = { administratorLogin: 'root-of-all', administratorLoginPassword: 'Correct-Horse-7' }

describe('a SQL server', () => {
  test('of the seed is there with its databases, encrypted by the service', async () => {
    expect((await arm(twin, 'GET', SERVER)).json).toMatchObject({
      id: `/subscriptions/${SEED.subscription}/resourceGroups/keys/providers/Microsoft.Sql/servers/contoso-sql`,
      kind: 'v12.0',
      location: 'westeurope',
      properties: { state: 'Ready', fullyQualifiedDomainName: 'contoso-sql.database.azure.test' },
    })
    const databases = (await arm(twin, 'GET', `${SERVER}/databases`)).json.value
    expect(databases.map((one: { name: string }) => one.name)).toEqual(['master', 'orders', 'stock'])
    expect((await arm(twin, 'GET', `${SERVER}/databases/orders/transparentDataEncryption/current`)).json.properties).toEqual({
      state: 'Enabled',
    })
    expect((await arm(twin, 'GET', PROTECTOR)).json).toMatchObject({
      kind: 'servicemanaged',
      properties: { serverKeyType: 'ServiceManaged', serverKeyName: 'ServiceManaged' },
    })
  })

  test('is made, listed and changed; its password is kept nowhere', async () => {
    const answer = await arm(twin, 'PUT', `${SERVERS}/made`, { location: 'West Europe', properties: NEW })
    expect(answer).toMatchObject({ status: 202, headers: { 'retry-after': '1', location: expect.stringContaining('OperationResults') } })
    expect(await ended(twin, answer)).toMatchObject({ status: 'Succeeded' })
    expect((await twin.request('GET', String(answer.headers.location), { scope: SCOPES.arm })).json).toMatchObject({ name: 'made' })
    await ended(twin, await arm(twin, 'PATCH', `${SERVERS}/made`, { tags: { of: 'contoso' }, properties: { minimalTlsVersion: '1.3' } }))
    expect((await arm(twin, 'GET', `${SERVERS}/made`)).json).toMatchObject({
      tags: { of: 'contoso' },
      properties: { minimalTlsVersion: '1.3', administratorLogin: 'root-of-all' },
    })
    for (const list of [SERVERS, `${ARM}/providers/Microsoft.Sql/servers`])
      expect((await arm(twin, 'GET', list)).json.value.map((one: { name: string }) => one.name)).toEqual(['contoso-sql', 'made'])
    expect(readFileSync(join(twin.dir, 'state.jsonl'), 'utf8')).not.toContain(NEW.administratorLoginPassword)
  })

  test('gets one identity, keeps it, and loses it when told so', async () => {
    const made = `${SERVERS}/made`
    const principal = await identityOf(twin, made)
    const before = recorded('sql-server/update').length
    expect(await identityOf(twin, made)).toBe(principal)
    expect(recorded('sql-server/update')).toHaveLength(before)
    await ended(twin, await arm(twin, 'PATCH', made, { identity: { type: 'None' } }))
    expect((await arm(twin, 'GET', made)).json.identity).toBeUndefined()
    expect(await identityOf(twin, made)).not.toBe(principal)
  })

  test.each([
    ['a name that is none', 'No_Name', { location: 'westeurope', properties: NEW }, 400, 'InvalidServerName'],
    ['no administrator', 'other', { location: 'westeurope' }, 400, 'InvalidLoginName'],
    [
      'a weak password',
      'other',
      { location: 'westeurope', properties: { ...NEW, administratorLoginPassword: 'password' } },
      400,
      'PasswordNotComplex',
    ],
    ['an unknown region', 'other', { location: 'atlantis', properties: NEW }, 400, 'LocationNotAvailableForResourceType'],
    ['another region than it has', 'contoso-sql', { location: 'eastus' }, 409, 'InvalidResourceLocation'],
    ['an identity of unknown type', 'contoso-sql', { location: 'westeurope', identity: { type: 'Mine' } }, 400, 'InvalidIdentityType'],
    [
      'a user-assigned identity, which the twin has not got',
      'contoso-sql',
      { location: 'westeurope', identity: { type: 'UserAssigned' } },
      501,
      'NotImplemented',
    ],
  ])('is refused with %s', async (_, name, body, status, code) => {
    expect(await arm(twin, 'PUT', `${SERVERS}/${name}`, body)).toMatchObject(refusal(status, code))
  })

  test('has a name that is unique in the world', async () => {
    const elsewhere = SERVER.replace('/keys/', '/other/')
    expect(await arm(twin, 'PUT', elsewhere, { location: 'westeurope', properties: NEW })).toMatchObject(refusal(409, 'NameAlreadyExists'))
    expect(await arm(twin, 'GET', elsewhere)).toMatchObject(refusal(404, 'ResourceNotFound'))
  })

  test('is shown to nobody whose token is for something else', async () => {
    for (const scope of [SCOPES.vault, SCOPES.storage])
      expect(await twin.request('GET', `${SERVER}?api-version=2021-11-01`, { scope })).toMatchObject(
        refusal(401, 'InvalidAuthenticationTokenAudience'),
      )
  })
})

describe('a protector', () => {
  let kid: string

  test('is a key of a vault that the server knows; setting it again changes nothing', async () => {
    kid = await protectedServer(twin, 'sql-vault')
    expect((await arm(twin, 'GET', `${SERVER}/keys/${keyName(kid)}`)).json).toMatchObject({
      name: `sql-vault_tde_${kid.slice(-32)}`,
      kind: 'azurekeyvault',
      properties: { serverKeyType: 'AzureKeyVault', uri: kid, thumbprint: expect.stringMatching(/^[0-9A-F]{40}$/) },
    })
    expect((await arm(twin, 'GET', PROTECTOR)).json).toMatchObject({
      name: 'current',
      kind: 'azurekeyvault',
      properties: { serverKeyName: keyName(kid), serverKeyType: 'AzureKeyVault', uri: kid, autoRotationEnabled: false },
    })
    const effects = twin.effects().length
    expect((await putKey(twin, kid)).status).toBe(200)
    expect((await putProtector(twin, keyName(kid))).status).toBe(200)
    expect(twin.effects()).toHaveLength(effects)
    expect(await statusOf(twin)).toBe('Online')
  })

  test('cannot be taken from the server while it is one', async () => {
    expect(await ended(twin, await arm(twin, 'DELETE', `${SERVER}/keys/${keyName(kid)}`))).toMatchObject({
      status: 'Failed',
      error: { code: 'AzureKeyVaultKeyInUse' },
    })
  })

  test('can be changed for another key, and the old one then taken away', async () => {
    const next = await wrappingKey(twin, 'sql-vault', 'next', { key_size: 3072 })
    await ended(twin, await putKey(twin, next))
    expect(await ended(twin, await putProtector(twin, keyName(next)))).toMatchObject({ status: 'Succeeded' })
    expect(await ended(twin, await arm(twin, 'DELETE', `${SERVER}/keys/${keyName(kid)}`))).toMatchObject({ status: 'Succeeded' })
    expect((await arm(twin, 'GET', `${SERVER}/keys`)).json.value.map((one: { name: string }) => one.name)).toEqual([
      'ServiceManaged',
      keyName(next),
    ])
    await vault(twin, 'sql-vault', 'DELETE', '/keys/tde')
    await passed(twin, 12)
    expect(await statusOf(twin)).toBe('Online')
  })

  test('can be left to the service again', async () => {
    await ended(
      twin,
      await arm(twin, 'PUT', PROTECTOR, { properties: { serverKeyType: 'ServiceManaged', serverKeyName: 'ServiceManaged' } }),
    )
    expect((await arm(twin, 'GET', PROTECTOR)).json.properties.serverKeyType).toBe('ServiceManaged')
    expect(await statusOf(twin)).toBe('Online')
  })
})

describe('a database', () => {
  const tde = `${SERVER}/databases/stock/transparentDataEncryption/current`
  const put = (state: string) => arm(twin, 'PUT', tde, { properties: { state } })

  test('is decrypted and encrypted again; asking for what is so changes nothing', async () => {
    expect(await ended(twin, await put('Disabled'))).toMatchObject({ status: 'Succeeded' })
    expect((await arm(twin, 'GET', tde)).json.properties.state).toBe('Disabled')
    expect((await put('Disabled')).status).toBe(200)
    await ended(twin, await put('Enabled'))
    expect((await put('Enabled')).status).toBe(200)
    expect([recorded('sql-database/decrypt'), recorded('sql-database/encrypt')].map((list) => list.length)).toEqual([1, 1])
  })

  test('has no other state than these two, and master is never encrypted', async () => {
    expect(await put('Perhaps')).toMatchObject(refusal(400, 'InvalidParameterValue'))
    const master = tde.replace('/stock/', '/master/')
    expect(await arm(twin, 'PUT', master, { properties: { state: 'Enabled' } })).toMatchObject(refusal(400, 'InvalidDatabaseName'))
    expect((await arm(twin, 'GET', master)).json.properties.state).toBe('Disabled')
  })

  test('that is not there is not found', async () => {
    expect(await arm(twin, 'GET', `${SERVER}/databases/none`)).toMatchObject(refusal(404, 'ResourceNotFound'))
  })

  test('is not encrypted under a key that has been disabled', async () => {
    const kid = await protectedServer(twin, 'closing-vault')
    await ended(twin, await put('Disabled'))
    await vault(twin, 'closing-vault', 'PATCH', `/keys/tde/${kid.slice(-32)}`, { attributes: { enabled: false } })
    expect(await ended(twin, await put('Enabled'))).toMatchObject({ status: 'Failed', error: { code: 'AzureKeyVaultKeyDisabled' } })
  })
})
