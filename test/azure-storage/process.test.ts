/** The plugin as the engine runs it: in its own process with no rights, through the engine's doors, on a clock that runs fast. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningPlugin, startPlugin } from '../azure-plugin.ts'
import type { RunningTwin } from '../azure-twin.ts'
import { grant, premiumVault, vault, wrappingKey } from '../rehearsal-azure/vault-setup.ts'

const account = { account: 'contosodata', 'resource-group': 'keys' }
const blob = { account: 'contosodata', container: 'ceremony', blob: 'probe' }
let plugin: RunningPlugin
let twin: RunningTwin

beforeAll(async () => {
  plugin = await startPlugin('azure-storage', 600)
  twin = plugin.twin
})
afterAll(() => plugin.stop())

const call: RunningPlugin['call'] = (what, action, input) => plugin.call(what, action, input)

test('carries an account from its identity to the return of its data', async () => {
  await premiumVault(twin, 'fast')
  const kid = await wrappingKey(twin, 'fast', 'key')
  const { principal_id } = await call('run', 'assign-identity', account)
  await grant(twin, 'fast', principal_id, ['get', 'wrapKey', 'unwrapKey'])
  expect(await call('run', 'set-customer-key', { ...account, kid })).toMatchObject({ key_source: 'Microsoft.Keyvault' })
  const written = await call('run', 'write-probe', blob)
  expect(await call('run', 'probe', blob)).toEqual({ readable: true, status: 200, code: null, sha256: written.sha256 })
  expect(await call('reconcile', 'write-probe', blob)).toMatchObject({ verdict: 'done', outputs: written })
  await vault(twin, 'fast', 'DELETE', '/keys/key')
  const readable = async (): Promise<boolean> => (await call('run', 'probe', blob)).readable
  await expect.poll(readable, { timeout: 5000 }).toBe(false)
  expect(await call('run', 'probe', blob)).toEqual({ readable: false, status: 403, code: 'KeyVaultEncryptionKeyNotFound', sha256: null })
  await vault(twin, 'fast', 'POST', '/deletedkeys/key/recover')
  await expect.poll(readable, { timeout: 5000 }).toBe(true)
  expect(await call('run', 'probe', blob)).toMatchObject({ sha256: written.sha256 })
})

test('leaves no token and no secret in the recording', () => plugin.expectCleanRecording('/ceremony/probe'))
