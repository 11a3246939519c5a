/** The plugin as the engine runs it: in its own process with no rights, through the engine's doors, on a clock that runs fast. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningPlugin, startPlugin } from '../azure-plugin.ts'
import type { RunningTwin } from '../azure-twin.ts'
import { vault } from '../rehearsal-azure/vault-setup.ts'
import { keyFor, SERVER } from './actions.ts'

let plugin: RunningPlugin
let twin: RunningTwin

beforeAll(async () => {
  plugin = await startPlugin('azure-sql', 600)
  twin = plugin.twin
})
afterAll(() => plugin.stop())

const call: RunningPlugin['call'] = (what, action, input) => plugin.call(what, action, input)

const all = { ...SERVER, databases: ['orders', 'stock'] }
let kid: string

test('binds a server to a key, on the ceremony’s clock', async () => {
  const identity = await call('run', 'assign-identity', SERVER)
  kid = await keyFor(twin, 'process-keys', identity.principal_id)
  await call('run', 'add-key', { ...SERVER, kid })
  expect(await call('run', 'set-protector', { ...SERVER, kid })).toMatchObject({ uri: kid, type: 'AzureKeyVault' })
  expect(await call('run', 'enable-tde', { ...SERVER, database: 'orders' })).toEqual({ database: 'orders', state: 'Enabled' })
  expect(await call('run', 'state', all)).toMatchObject({ all_online: true })
  expect(await call('reconcile', 'set-protector', { ...SERVER, kid })).toMatchObject({ verdict: 'done' })
})

test('tells what the service said when an operation failed on the way', async () => {
  await vault(twin, 'process-keys', 'DELETE', '/keys/sql-key')
  await expect(call('run', 'revalidate', SERVER)).rejects.toMatchObject({
    code: 'azure-sql/refused',
    found: expect.stringContaining('AzureKeyVaultKeyNameNotFound'),
  })
})

test('leaves no token and no secret in the recording', () => plugin.expectCleanRecording('/encryptionProtector/current'))
