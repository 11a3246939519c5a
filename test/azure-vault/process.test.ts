/** The plugin as the engine runs it: in its own process with no rights, through the engine's doors, on a clock that runs fast. */
import { createHash } from 'node:crypto'
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
import { byok, type PublicKey, targetKey } from '../rehearsal-azure/vault-setup.ts'
import { modulusDigest } from './keys.ts'

const SCALE = 120
const VAULT = 'https://fast.vault.azure.test'
const artifacts = new Map<string, Uint8Array>()
let twin: RunningTwin
let plugin: PluginProcess
let http: LiveHttp
let recorded: string

beforeAll(async () => {
  twin = await startTwin({ scale: SCALE })
  plugin = await PluginProcess.start(findPlugin('azure-vault'))
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
async function run(action: string, input: unknown): Promise<any> {
  const clock = ceremonyClock(twin.origin, SCALE)
  const surroundings = {
    clock,
    people: { secret: async () => undefined, hands: async () => ({ done: false as const, reason: '' }) },
    hsm: null,
    http: async () => http,
    artifacts: {
      put: async () => Promise.reject(new Error('not asked for')),
      get: async ({ sha256 }: { sha256: string }) => artifacts.get(sha256)!,
    },
    onOutput: () => {},
  }
  const doors = openDoors(plugin.manifest.needs, surroundings, new Recording(recorded))
  const reply = await plugin.call({ what: 'run', action, input, cloud: CLOUD, time: clock.now(), seed: new Uint8Array(32) }, doors.keeper)
  await doors.close()
  if (!reply.ok) throw Object.assign(new Error(reply.error.message), reply.error)
  return reply.value
}

test('carries a key from its blob to its recovery', async () => {
  const vault = { name: 'fast', 'resource-group': 'keys', location: 'westeurope', 'officer-object-id': OFFICER.objectId }
  expect(await run('ensure-vault', vault)).toMatchObject({ vault: VAULT, created: true })
  const { kek } = (await run('create-kek', { vault: VAULT, name: 'kek', bits: 2048 })) as { kek: PublicKey }
  const target = targetKey()
  const bytes = byok(kek, target)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  artifacts.set(sha256, bytes)
  const key = { vault: VAULT, name: 'key' }
  const imported = await run('import-key', { ...key, blob: { name: 'key.byok', sha256, size: bytes.length } })
  expect(imported.modulus_sha256).toBe(modulusDigest(target))
  expect(await run('delete-key', key)).toMatchObject({ kid: imported.kid })
  expect(await run('prove-purge-refused', key)).toMatchObject({ refused: true })
  expect(await run('recover-key', key)).toEqual({ kid: imported.kid, modulus_sha256: imported.modulus_sha256 })
})

test('leaves no token and no secret in the recording', () => {
  const text = readFileSync(recorded, 'utf8')
  expect(text).toContain('/keys/kek/create')
  expect(text).not.toContain(OFFICER.clientSecret)
  expect(text).not.toMatch(/eyJ[\w-]+\.eyJ|authorization"/i)
})
