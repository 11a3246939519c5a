/** The plugin as the engine runs it: in its own process with no rights, through the engine's doors, on a clock that runs fast. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ceremonyClock } from '../../engine/src/capability/clock.ts'
import { openDoors } from '../../engine/src/capability/doors.ts'
import { type LiveHttp, liveHttp } from '../../engine/src/capability/http.ts'
import { Recording } from '../../engine/src/capability/recording.ts'
import { findPlugin } from '../../engine/src/plugin/package.ts'
import { PluginProcess } from '../../engine/src/plugin/process.ts'
import { CLOUD, OFFICER, type RunningTwin, startTwin } from '../azure-twin.ts'
import { vault } from '../rehearsal-azure/vault-setup.ts'
import { keyFor, SERVER } from './actions.ts'

const SCALE = 600
let twin: RunningTwin
let plugin: PluginProcess
let http: LiveHttp
let recorded: string

beforeAll(async () => {
  twin = await startTwin({ scale: SCALE })
  plugin = await PluginProcess.start(findPlugin('azure-sql'))
  const credential = { kind: 'client-secret', client_id: OFFICER.clientId, secret: 'azure' } as const
  const setup = { ...CLOUD, ca: join(twin.dir, 'ca.pem'), connect: `127.0.0.1:${twin.port}`, credential }
  http = liveHttp(setup, { secret: async () => OFFICER.clientSecret, hands: async () => ({ done: false, reason: 'nobody here' }) })
  recorded = join(twin.dir, '..', 'recorded.jsonl')
})
afterAll(async () => {
  http.close()
  await plugin.stop()
  await twin.remove()
})

// biome-ignore lint/suspicious/noExplicitAny: outputs of many shapes
async function call(what: 'run' | 'reconcile', action: string, input: unknown): Promise<any> {
  const clock = ceremonyClock(twin.origin, SCALE)
  const surroundings = {
    clock,
    people: { secret: async () => undefined, hands: async () => ({ done: false as const, reason: '' }) },
    hsm: null,
    http: async () => http,
    artifacts: { put: async () => Promise.reject(new Error('not asked for')), get: async () => Promise.reject(new Error('not asked for')) },
    onOutput: () => {},
  }
  const doors = openDoors(plugin.manifest.needs, surroundings, new Recording(recorded))
  const reply = await plugin.call({ what, action, input, cloud: CLOUD, time: clock.now(), seed: new Uint8Array(32) }, doors.keeper)
  await doors.close()
  if (!reply.ok) throw Object.assign(new Error(reply.error.message), reply.error)
  return reply.value
}

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

test('leaves no token and no secret in the recording', () => {
  const text = readFileSync(recorded, 'utf8')
  expect(text).toContain('/encryptionProtector/current')
  expect(text).not.toContain(OFFICER.clientSecret)
  expect(text).not.toMatch(/eyJ[\w-]+\.eyJ|authorization"/i)
})
