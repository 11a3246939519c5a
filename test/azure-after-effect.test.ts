/** What an action says that was refused a look at its own effect: not that nothing changed; and it can be gone on from there. */
import { createHttpHeaders, type HttpClient } from '@azure/core-rest-pipeline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Context, Plugin } from '../engine/src/plugin/contract.ts'
import sql from '../plugins/azure-sql/src/index.ts'
import storage from '../plugins/azure-storage/src/index.ts'
import vault from '../plugins/azure-vault/src/index.ts'
import { actionsOf } from './azure-actions.ts'
import { cloudContext, OFFICER, type RunningTwin, startTwin } from './azure-twin.ts'
import { SERVER as ARM_SERVER, done } from './rehearsal-azure/sql-setup.ts'
import { wrappingKey } from './rehearsal-azure/vault-setup.ts'

let twin: RunningTwin
let context: Context
beforeAll(async () => {
  twin = await startTwin({ scale: 60 })
  context = cloudContext(twin, { scale: 60 })
})
afterAll(() => twin.remove())

/** Behind the first change that the service accepts, all further requests are refused. */
function blinded(): Context {
  let changed = false
  const client: HttpClient = {
    async sendRequest(request) {
      if (changed) {
        const headers = createHttpHeaders({ 'content-type': 'application/json' })
        return { request, status: 403, headers, bodyAsText: '{"error":{"code":"Forbidden","message":"not any more"}}' }
      }
      const response = await twin.client.sendRequest(request)
      const isChange = !request.url.startsWith('https://login.') && request.method !== 'GET' && request.method !== 'HEAD'
      changed = isChange && response.status < 300 && !request.url.includes('restype=container')
      return response
    },
  }
  return { ...context, http: { ...context.http, client } }
}

/** @returns what the action gives in the end */
async function disturbed(plugin: Plugin, name: string, input: object): Promise<unknown> {
  const { run, reconcile } = actionsOf(plugin)
  const failure = await run(name, input, blinded()).catch((error: unknown) => error)
  expect(failure, name).toMatchObject({ name: 'PluginError', message: expect.any(String), changed: expect.not.stringMatching(/^nothing$/) })
  // As the engine goes on: what is not seen to be done is done again.
  const found = await reconcile(name, input, context)
  expect(found.verdict, name).not.toBe('unknown')
  return found.verdict === 'done' ? found.outputs : run(name, input, context)
}

test('every action that has changed something says so when it is refused a look at that, and goes on from there', async () => {
  const group = { 'resource-group': 'keys' }
  const wanted = { name: 'after-effects', ...group, location: 'westeurope', 'officer-object-id': OFFICER.objectId }
  const { vault: url } = (await disturbed(vault, 'ensure-vault', wanted)) as { vault: string }
  await disturbed(vault, 'create-kek', { vault: url, name: 'key-exchange-key', bits: 2048 })
  const kid = await wrappingKey(twin, 'after-effects', 'the-key', { key_size: 3072 })

  const account = { account: 'contosodata', ...group }
  const server = { server: 'contoso-sql', ...group }
  for (const given of [await disturbed(storage, 'assign-identity', account), await disturbed(sql, 'assign-identity', server)]) {
    const { principal_id: principal } = given as { principal_id: string }
    await disturbed(vault, 'grant', { 'vault-name': 'after-effects', ...group, principal, permissions: ['get', 'wrapKey', 'unwrapKey'] })
  }
  await disturbed(storage, 'set-customer-key', { ...account, kid })
  await disturbed(storage, 'write-probe', { account: 'contosodata', container: 'ceremony', blob: 'probe' })
  await disturbed(sql, 'add-key', { ...server, kid })
  await disturbed(sql, 'set-protector', { ...server, kid })
  await done(twin, 'PUT', `${ARM_SERVER}/databases/orders/transparentDataEncryption/current`, { properties: { state: 'Disabled' } })
  await disturbed(sql, 'enable-tde', { ...server, database: 'orders' })
  await disturbed(sql, 'revalidate', server)

  for (const enabled of [false, true]) await disturbed(vault, 'set-key-enabled', { kid, enabled })
  await disturbed(vault, 'delete-key', { vault: url, name: 'the-key' })
  await disturbed(vault, 'recover-key', { vault: url, name: 'the-key' })
  await disturbed(vault, 'revoke', { 'vault-name': 'after-effects', ...group, principal: OFFICER.objectId })
}, 120_000)
