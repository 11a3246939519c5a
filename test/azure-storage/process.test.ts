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
import { grant, premiumVault, vault, wrappingKey } from '../rehearsal-azure/vault-setup.ts'

const SCALE = 600
const account = { account: 'contosodata', 'resource-group': 'keys' }
const blob = { account: 'contosodata', container: 'ceremony', blob: 'probe' }
let twin: RunningTwin
let plugin: PluginProcess
let http: LiveHttp
let recorded: string

beforeAll(async () => {
  twin = await startTwin({ scale: SCALE })
  plugin = await PluginProcess.start(findPlugin('azure-storage'))
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

test('leaves no token and no secret in the recording', () => {
  const text = readFileSync(recorded, 'utf8')
  expect(text).toContain('/ceremony/probe')
  expect(text).not.toContain(OFFICER.clientSecret)
  expect(text).not.toMatch(/eyJ[\w-]+\.eyJ|authorization"/i)
})
