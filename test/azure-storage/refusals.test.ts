/** What the plugin stops at, and what it then says. */
import { Agent } from 'node:https'
import { connect as tlsConnect } from 'node:tls'
import { createDefaultHttpClient, type HttpClient } from '@azure/core-rest-pipeline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Context } from '../../engine/src/plugin/contract.ts'
import { cloudContext, type RunningTwin, STRANGER, startTwin } from '../azure-twin.ts'
import { blobs, SERVICE_PERMISSIONS, useKey, write } from '../rehearsal-azure/storage-setup.ts'
import { grant, keyExchangeKey, premiumVault, wrappingKey } from '../rehearsal-azure/vault-setup.ts'
import { reconcile, run } from './actions.ts'

const SCALE = 1200
let twin: RunningTwin
let context: Context & { readonly said: string[] }
let kid: string
let principal: string
const account = { account: 'contosodata', 'resource-group': 'keys' }
const blob = { account: 'contosodata', container: 'ceremony', blob: 'probe' }

beforeAll(async () => {
  twin = await startTwin({ scale: SCALE })
  context = cloudContext(twin, { scale: SCALE })
  await premiumVault(twin, 'strict')
  kid = await wrappingKey(twin, 'strict', 'key')
})
afterAll(() => twin.remove())

describe('a customer’s key', () => {
  test('is not set for an account without identity', async () => {
    await expect(run('set-customer-key', { ...account, kid }, context)).rejects.toMatchObject({
      code: 'azure-storage/no-identity',
      changed: 'nothing',
      advice: expect.stringContaining('assign-identity'),
    })
    principal = (await run('assign-identity', account, context)).principal_id
  })

  test('is not set for an account that goes to vaults with somebody else’s identity', async () => {
    // The twin has no user-assigned identities; what the service would show of one is put into its answer.
    const identity = { userAssignedIdentity: '/subscriptions/x/providers/Microsoft.ManagedIdentity/userAssignedIdentities/other' }
    const client: HttpClient = {
      async sendRequest(request) {
        const response = await twin.client.sendRequest(request)
        const account = JSON.parse(response.bodyAsText!)
        account.properties.encryption.identity = identity
        return { ...response, bodyAsText: JSON.stringify(account) }
      },
    }
    const shared: Context = { ...context, http: { client, credential: context.http.credential } }
    await expect(run('set-customer-key', { ...account, kid }, shared)).rejects.toMatchObject({
      code: 'azure-storage/other-identity',
      found: identity.userAssignedIdentity,
      changed: 'nothing',
    })
  })

  test('of another cloud is refused before anything is sent', async () => {
    const foreign = kid.replace('vault.azure.test', 'vault.azure.net')
    await expect(run('set-customer-key', { ...account, kid: foreign }, context)).rejects.toMatchObject({
      code: 'azure-storage/foreign-key',
      found: 'strict.vault.azure.net',
    })
  })

  test.each([
    ['that is not there', () => kid.replace('/keys/key/', '/keys/other/'), 'KeyVaultKeyNotFound', 'recover it'],
    ['of a vault that is not there', () => kid.replace('strict', 'nowhere'), 'InvalidValuesForRequestParameters', 'key identifier'],
  ])('%s is refused in the service’s words', async (_, wrong, code, advice) => {
    await grant(twin, 'strict', principal, SERVICE_PERMISSIONS)
    const effects = twin.effects().length
    await expect(run('set-customer-key', { ...account, kid: wrong() }, context)).rejects.toMatchObject({
      code: 'azure-storage/refused',
      found: expect.stringMatching(new RegExp(`^HTTP 400 ${code}: `)),
      changed: 'nothing',
      advice: expect.stringContaining(advice),
    })
    expect(twin.effects()).toHaveLength(effects)
    expect(await reconcile('set-customer-key', { ...account, kid: wrong() }, context)).toMatchObject({ verdict: 'not-done' })
  })

  test('in a vault without purge protection is refused', async () => {
    await premiumVault(twin, 'mortal', { enablePurgeProtection: undefined })
    await grant(twin, 'mortal', principal, SERVICE_PERMISSIONS)
    await expect(run('set-customer-key', { ...account, kid: await wrappingKey(twin, 'mortal', 'key') }, context)).rejects.toMatchObject({
      found: expect.stringContaining('KeyVaultPolicyError: Keyvault policy recoverable is not set'),
      advice: expect.stringContaining('purge protection'),
    })
  })

  test('that cannot wrap is refused, after waiting whether the grant is only late', async () => {
    const kek = (await keyExchangeKey(twin, 'strict', 'kek')).kid
    const began = twin.now()
    await expect(run('set-customer-key', { ...account, kid: kek }, context)).rejects.toMatchObject({
      found: expect.stringContaining('KeyVaultAuthenticationFailure'),
      advice: expect.stringContaining('allow wrapKey'),
    })
    expect(twin.now() - began).toBeGreaterThan(10 * 60_000)
  })

  test('is set once the grant has arrived', async () => {
    await premiumVault(twin, 'late')
    const late = await wrappingKey(twin, 'late', 'key')
    const before = context.said.length
    const setting = run('set-customer-key', { ...account, kid: late }, context)
    await expect.poll(() => context.said.length, { interval: 5 }).toBeGreaterThan(before)
    await grant(twin, 'late', principal, SERVICE_PERMISSIONS)
    expect(await setting).toMatchObject({ kid_in_use: late })
    expect(context.said.at(-1)).toMatch(/a new grant takes minutes/)
  })

  test('that somebody else put in the place of ours is not taken for ours', async () => {
    await run('set-customer-key', { ...account, kid }, context)
    await useKey(twin, await wrappingKey(twin, 'late', 'another'))
    expect(await reconcile('set-customer-key', { ...account, kid }, context)).toMatchObject({
      verdict: 'not-done',
      facts: expect.stringContaining('https://late.vault.azure.test/keys/another/'),
    })
    await run('set-customer-key', { ...account, kid }, context)
  })
})

describe('an account', () => {
  test('that is not there is named', async () => {
    const refused = {
      code: 'azure-storage/refused',
      found: expect.stringContaining('ResourceNotFound'),
      advice: expect.stringContaining('both names'),
    }
    await expect(run('assign-identity', { ...account, account: 'nobody' }, context)).rejects.toMatchObject(refused)
    await expect(run('set-customer-key', { ...account, account: 'nobody', kid }, context)).rejects.toMatchObject(refused)
  })
})

describe('a probe', () => {
  test('of a blob that was never written is a mistake, not a finding', async () => {
    await expect(run('probe', blob, context)).rejects.toMatchObject({
      code: 'azure-storage/refused',
      found: expect.stringMatching(/^HTTP 404 ContainerNotFound/),
    })
  })

  test('by somebody without a role on the blobs is a mistake, not a finding', async () => {
    await write(twin, 'probe', 'something', 'ceremony', 'contosoclosed')
    const stranger = cloudContext(twin, { as: STRANGER })
    const refused = {
      code: 'azure-storage/refused',
      found: expect.stringMatching(/^HTTP 403 AuthorizationPermissionMismatch/),
      advice: expect.stringContaining('Storage Blob Data Contributor'),
    }
    await expect(run('probe', { ...blob, account: 'contosoclosed' }, stranger)).rejects.toMatchObject(refused)
    await expect(run('write-probe', { ...blob, account: 'contosoclosed' }, stranger)).rejects.toMatchObject(refused)
    await expect(reconcile('write-probe', { ...blob, account: 'contosoclosed' }, stranger)).rejects.toMatchObject(refused)
  })

  test('is not written over what is there', async () => {
    await write(twin, 'probe', 'somebody’s data', 'ceremony')
    await expect(run('write-probe', blob, context)).rejects.toMatchObject({ code: 'azure-storage/other-content', changed: 'nothing' })
    expect(await reconcile('write-probe', blob, context)).toMatchObject({
      verdict: 'unknown',
      facts: expect.stringContaining('without the mark of a probe'),
    })
  })

  test('is not made of a blob that is far too large', async () => {
    const large = blobs(twin).getContainerClient('ceremony').getBlockBlobClient('large')
    await large.upload(Buffer.alloc(4 * 1024 * 1024 + 1), 4 * 1024 * 1024 + 1)
    await expect(run('probe', { ...blob, blob: 'large' }, context)).rejects.toMatchObject({ code: 'azure-storage/not-a-probe' })
  })
})

describe('no answer', () => {
  test('from a host that cannot prove who it is leaves open what was changed', async () => {
    const agent = new Agent()
    agent.createConnection = (to) => tlsConnect({ ...(to as object), host: '127.0.0.1', port: twin.port })
    const sender = createDefaultHttpClient()
    const client: HttpClient = { sendRequest: (request) => sender.sendRequest(Object.assign(request, { agent })) }
    const distrustful: Context = { ...context, http: { client, credential: context.http.credential } }
    for (const [action, input] of [
      ['assign-identity', account],
      ['write-probe', blob],
      ['probe', blob],
    ] as const) {
      await expect(run(action, input, distrustful)).rejects.toMatchObject({
        code: 'azure-storage/no-answer',
        changed: 'unknown',
        found: expect.stringMatching(/certificate/),
      })
    }
    agent.destroy()
  })
})
