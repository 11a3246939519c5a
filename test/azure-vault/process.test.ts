/** The plugin as the engine runs it: in its own process with no rights, through the engine's doors, on a clock that runs fast. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningPlugin, startPlugin } from '../azure-plugin.ts'
import { OFFICER } from '../azure-twin.ts'
import { byok, type PublicKey, targetKey } from '../rehearsal-azure/vault-setup.ts'
import { modulusDigest } from './keys.ts'

const VAULT = 'https://fast.vault.azure.test'
let plugin: RunningPlugin

beforeAll(async () => {
  plugin = await startPlugin('azure-vault', 120)
})
afterAll(() => plugin.stop())

const run = (action: string, input: unknown) => plugin.call('run', action, input)

test('carries a key from its blob to its recovery', async () => {
  const vault = { name: 'fast', 'resource-group': 'keys', location: 'westeurope', 'officer-object-id': OFFICER.objectId }
  expect(await run('ensure-vault', vault)).toMatchObject({ vault: VAULT, created: true })
  const { kek } = (await run('create-kek', { vault: VAULT, name: 'kek', bits: 2048 })) as { kek: PublicKey }
  const target = targetKey()
  const bytes = byok(kek, target)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  plugin.artifacts.set(sha256, bytes)
  const key = { vault: VAULT, name: 'key' }
  const imported = await run('import-key', { ...key, blob: { name: 'key.byok', sha256, size: bytes.length } })
  expect(imported.modulus_sha256).toBe(modulusDigest(target))
  expect(await run('delete-key', key)).toMatchObject({ kid: imported.kid })
  expect(await run('prove-purge-refused', key)).toMatchObject({ refused: true })
  expect(await run('recover-key', key)).toEqual({ kid: imported.kid, modulus_sha256: imported.modulus_sha256 })
})

test('leaves no token and no secret in the recording', () => plugin.expectCleanRecording('/keys/kek/create'))
