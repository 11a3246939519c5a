import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OFFICER, type RunningTwin, SCOPES, SEED, STRANGER, startTwin } from '../azure-twin.ts'
import { ARM, arm, grant, policy, premiumVault, VAULTS, vault, vaultBody, wrappingKey } from './vault-setup.ts'

let twin: RunningTwin
beforeAll(async () => {
  twin = await startTwin({ scale: 3600 })
})
afterAll(() => twin.remove())

const refusal = (status: number, code: string) => ({ status, json: { error: { code, message: expect.any(String) } } })

describe('the resource manager', () => {
  test('wants a token of its own audience', async () => {
    const url = `${VAULTS}/any?api-version=2023-07-01`
    expect(await twin.request('GET', url)).toMatchObject(refusal(401, 'AuthenticationFailed'))
    const wrong = await twin.request('GET', url, { scope: SCOPES.vault })
    expect(wrong).toMatchObject(refusal(401, 'InvalidAuthenticationTokenAudience'))
    expect(wrong.headers['www-authenticate']).toContain(`authorization_uri="https://login.azure.test/${SEED.tenant}"`)
    const nonsense = await twin.request('GET', url, { headers: { authorization: 'Bearer nonsense' } })
    expect(nonsense).toMatchObject(refusal(401, 'InvalidAuthenticationToken'))
  })

  test('wants an api-version, a known subscription, group and resource', async () => {
    const get = (url: string) => twin.request('GET', url, { scope: SCOPES.arm })
    expect(await get(`${VAULTS}/any`)).toMatchObject(refusal(400, 'MissingApiVersionParameter'))
    expect(await get(`${VAULTS}/any?api-version=soon`)).toMatchObject(refusal(400, 'InvalidApiVersionParameter'))
    expect(await arm(twin, 'GET', `${VAULTS.replace(SEED.subscription, OFFICER.clientId)}/any`)).toMatchObject(
      refusal(404, 'SubscriptionNotFound'),
    )
    expect(await arm(twin, 'GET', `${VAULTS.replace('/keys/', '/nowhere/')}/any`)).toMatchObject(refusal(404, 'ResourceGroupNotFound'))
    expect(await arm(twin, 'GET', `${VAULTS}/any`)).toMatchObject(refusal(404, 'ResourceNotFound'))
    expect(await arm(twin, 'GET', `${ARM}/somewhere/else`)).toMatchObject({ status: 404 })
    expect(await arm(twin, 'POST', `${VAULTS}/any`)).toMatchObject({ status: 405 })
  })

  test('keeps resource groups', async () => {
    expect((await arm(twin, 'GET', `${ARM}/resourcegroups`)).json.value).toHaveLength(2)
    expect(await arm(twin, 'PUT', `${ARM}/resourcegroups/more`, { location: 'West Europe' })).toMatchObject({
      status: 201,
      json: { location: 'westeurope' },
    })
    expect(await arm(twin, 'PUT', `${ARM}/resourcegroups/MORE`, { location: 'eastus' })).toMatchObject(
      refusal(409, 'InvalidResourceGroupLocation'),
    )
    expect(await arm(twin, 'PUT', `${ARM}/resourcegroups/less`, { location: 'atlantis' })).toMatchObject(
      refusal(400, 'LocationNotAvailableForResourceType'),
    )
  })
})

describe('a vault', () => {
  test('is made as asked, and shows its address', async () => {
    const made = await arm(twin, 'PUT', `${VAULTS}/made`, vaultBody({ softDeleteRetentionInDays: 30 }))
    expect(made.status).toBe(200)
    const { json } = await arm(twin, 'GET', `${VAULTS}/made`)
    expect(json).toMatchObject({ name: 'made', type: 'Microsoft.KeyVault/vaults', location: 'westeurope' })
    expect(json.properties).toMatchObject({
      sku: { family: 'A', name: 'premium' },
      vaultUri: 'https://made.vault.azure.test/',
      enableSoftDelete: true,
      enablePurgeProtection: true,
      softDeleteRetentionInDays: 30,
      enableRbacAuthorization: false,
    })
    expect((await arm(twin, 'GET', VAULTS)).json.value).toHaveLength(1)
    expect((await arm(twin, 'GET', `${ARM}/providers/Microsoft.KeyVault/vaults`)).json.value).toHaveLength(1)
  })

  test('is being registered at first', async () => {
    const slow = await startTwin()
    try {
      const made = await arm(slow, 'PUT', `${VAULTS}/slow`, vaultBody())
      expect(made.json.properties.provisioningState).toBe('RegisteringDns')
    } finally {
      await slow.remove()
    }
  })

  test.each([
    ['purge protection cannot be switched off', { enablePurgeProtection: false }, 'irreversible'],
    ['soft delete cannot be switched off', { enableSoftDelete: false }, 'enableSoftDelete'],
    ['the retention cannot be changed', { softDeleteRetentionInDays: 7 }, "can't be modified"],
  ])('once made, %s', async (_, properties, message) => {
    for (const method of ['PUT', 'PATCH']) {
      const answer = await arm(twin, method, `${VAULTS}/made`, {
        location: 'westeurope',
        properties: { ...vaultBody().properties, softDeleteRetentionInDays: 30, ...properties },
      })
      expect(answer).toMatchObject(refusal(400, 'BadRequest'))
      expect(answer.json.error.message).toContain(message)
    }
    expect((await arm(twin, 'GET', `${VAULTS}/made`)).json.properties).toMatchObject({
      enablePurgeProtection: true,
      softDeleteRetentionInDays: 30,
    })
  })

  test('whose PUT leaves purge protection out keeps it', async () => {
    const { enablePurgeProtection, ...rest } = vaultBody().properties
    expect(
      (await arm(twin, 'PUT', `${VAULTS}/made`, { location: 'westeurope', properties: rest })).json.properties.enablePurgeProtection,
    ).toBe(true)
  })

  test.each([
    ['a name that is too short', 'ab', vaultBody(), 'VaultNameNotValid'],
    ['a name with two dashes', 'a--b', vaultBody(), 'VaultNameNotValid'],
    ['a retention of five days', 'wrong', vaultBody({ softDeleteRetentionInDays: 5 }), 'BadRequest'],
    ['a SKU that is unknown', 'wrong', vaultBody({ sku: { family: 'A', name: 'gold' } }), 'BadRequest'],
    ['another tenant', 'wrong', vaultBody({ tenantId: OFFICER.objectId }), 'BadRequest'],
    ['no access policies', 'wrong', vaultBody({ accessPolicies: undefined }), 'BadRequest'],
    ['a permission that is unknown', 'wrong', vaultBody({ accessPolicies: [policy(OFFICER.objectId, ['steal'])] }), 'BadRequest'],
    ['an unknown region', 'wrong', vaultBody({}, 'atlantis'), 'LocationNotAvailableForResourceType'],
  ])('is not made with %s', async (_, name, body, code) => {
    expect(await arm(twin, 'PUT', `${VAULTS}/${name}`, body)).toMatchObject(refusal(400, code))
    expect((await arm(twin, 'GET', `${VAULTS}/${name}`)).status).toBe(404)
  })

  test('has a name that is unique in the world, and a place that stays', async () => {
    expect(await arm(twin, 'PUT', `${VAULTS.replace('/keys/', '/other/')}/made`, vaultBody())).toMatchObject(
      refusal(409, 'VaultAlreadyExists'),
    )
    expect(await arm(twin, 'PUT', `${VAULTS}/made`, vaultBody({}, 'eastus'))).toMatchObject(refusal(409, 'InvalidResourceLocation'))
    const check = (name: string) =>
      arm(twin, 'POST', `${ARM}/providers/Microsoft.KeyVault/checkNameAvailability`, { name, type: 'Microsoft.KeyVault/vaults' })
    expect((await check('MADE')).json).toMatchObject({ nameAvailable: false, reason: 'AlreadyExists' })
    expect((await check('not-made')).json).toEqual({ nameAvailable: true })
  })

  test('goes by roles from API version 2026-02-01 on, unless it is told otherwise', async () => {
    const put = (name: string, properties: object) =>
      twin.request('PUT', `${VAULTS}/${name}?api-version=2026-02-01`, { scope: SCOPES.arm, body: vaultBody({ ...properties }) })
    expect((await put('modern', {})).json.properties.enableRbacAuthorization).toBe(true)
    expect((await put('classic', { enableRbacAuthorization: false })).json.properties.enableRbacAuthorization).toBe(false)
  })
})

describe('access policies', () => {
  test('are added to, replaced and removed', async () => {
    await premiumVault(twin, 'policies')
    const change = async (kind: string, keys: string[]) => {
      const body = { properties: { accessPolicies: [policy(STRANGER.objectId, keys)] } }
      await arm(twin, 'PUT', `${VAULTS}/policies/accessPolicies/${kind}`, body)
      const { accessPolicies } = (await arm(twin, 'GET', `${VAULTS}/policies`)).json.properties
      return accessPolicies.find(({ objectId }: { objectId: string }) => objectId === STRANGER.objectId)?.permissions.keys
    }
    expect(await change('add', ['get'])).toEqual(['get'])
    expect(await change('add', ['Get', 'wrapKey'])).toEqual(['get', 'wrapKey'])
    expect(await change('replace', ['list'])).toEqual(['list'])
    expect(await change('remove', ['list'])).toBeUndefined()
    expect(await arm(twin, 'PUT', `${VAULTS}/policies/accessPolicies/forget`, { properties: { accessPolicies: [] } })).toMatchObject(
      refusal(400, 'BadRequest'),
    )
  })

  test('of "all" leave out purge', async () => {
    await premiumVault(twin, 'everything', { accessPolicies: [policy(OFFICER.objectId, ['all'])] })
    await wrappingKey(twin, 'everything', 'key')
    await vault(twin, 'everything', 'DELETE', '/keys/key')
    await expect.poll(async () => (await vault(twin, 'everything', 'GET', '/deletedkeys/key')).status).toBe(200)
    const purge = await vault(twin, 'everything', 'DELETE', '/deletedkeys/key')
    expect(purge.json.error.innererror.code).toBe('AccessDenied')
  })
})

describe('a vault behind a firewall', () => {
  test('lets nobody in who is not on its list', async () => {
    await premiumVault(twin, 'walled', {
      networkAcls: { defaultAction: 'Deny', bypass: 'AzureServices', ipRules: [{ value: '192.0.2.7' }] },
    })
    expect((await vault(twin, 'walled', 'GET', '/keys')).json.error.innererror.code).toBe('ForbiddenByFirewall')
    await arm(twin, 'PATCH', `${VAULTS}/walled`, {
      properties: { networkAcls: { defaultAction: 'Deny', ipRules: [{ value: '127.0.0.1/32' }] } },
    })
    expect((await vault(twin, 'walled', 'GET', '/keys')).status).toBe(200)
  })
})

describe('a deleted vault', () => {
  test('keeps its name, cannot be purged under purge protection, and comes back with its keys', async () => {
    await premiumVault(twin, 'lost')
    const kid = await wrappingKey(twin, 'lost', 'key')
    expect((await arm(twin, 'DELETE', `${VAULTS}/lost`)).status).toBe(200)
    expect(await arm(twin, 'GET', `${VAULTS}/lost`)).toMatchObject(refusal(404, 'ResourceNotFound'))
    expect(await vault(twin, 'lost', 'GET', '/keys/key')).toMatchObject({ status: 404 })
    expect(await arm(twin, 'PUT', `${VAULTS}/lost`, vaultBody())).toMatchObject(refusal(409, 'ConflictError'))

    const deleted = (await arm(twin, 'GET', `${ARM}/providers/Microsoft.KeyVault/deletedVaults`)).json.value
    expect(deleted).toMatchObject([{ name: 'lost', properties: { location: 'westeurope', purgeProtectionEnabled: true } }])
    const one = `${ARM}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/lost`
    expect((await arm(twin, 'GET', one)).json.name).toBe('lost')
    expect(await arm(twin, 'POST', `${one}/purge`)).toMatchObject(refusal(405, 'MethodNotAllowed'))

    expect(await arm(twin, 'PUT', `${VAULTS}/lost`, { location: 'westeurope', properties: { createMode: 'recover' } })).toMatchObject({
      status: 200,
    })
    expect((await vault(twin, 'lost', 'GET', '/keys/key')).json.key.kid).toBe(kid)
  })

  test('is gone with its keys once it is purged', async () => {
    await premiumVault(twin, 'gone', { enablePurgeProtection: undefined })
    await wrappingKey(twin, 'gone', 'key')
    await arm(twin, 'DELETE', `${VAULTS}/gone`)
    expect((await arm(twin, 'POST', `${ARM}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/gone/purge`)).status).toBe(200)
    await premiumVault(twin, 'gone')
    await grant(twin, 'gone', OFFICER.objectId, ['list'])
    expect((await vault(twin, 'gone', 'GET', '/keys')).json.value).toEqual([])
  })
})
