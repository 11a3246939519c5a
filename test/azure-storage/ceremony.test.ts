/** What a ceremony does with a storage account, with the real SDKs, against the twin over HTTPS. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Context } from '../../engine/src/plugin/contract.ts'
import plugin from '../../plugins/azure-storage/src/index.ts'
import { cloudContext, type RunningTwin, SEED, startTwin } from '../azure-twin.ts'
import { recoverKey, removeKey, SERVICE_PERMISSIONS } from '../rehearsal-azure/storage-setup.ts'
import { grant, premiumVault, wrappingKey } from '../rehearsal-azure/vault-setup.ts'
import { reconcile, run } from './actions.ts'

const SCALE = 300
let twin: RunningTwin
let context: Context
let kid: string
let written: { sha256: string }
const account = { account: 'contosodata', 'resource-group': 'keys' }
const blob = { account: 'contosodata', container: 'ceremony', blob: 'probe' }
const ofStorage = (): string[] => twin.effects().filter((effect) => /^(storage-account|container|blob)\//.test(effect))

beforeAll(async () => {
  twin = await startTwin({ scale: SCALE })
  context = cloudContext(twin, { scale: SCALE })
  await premiumVault(twin, 'contoso-keys')
  kid = await wrappingKey(twin, 'contoso-keys', 'storage-key')
})
afterAll(() => twin.remove())

describe('a storage account in a ceremony', () => {
  test('gets an identity, and keeps it', async () => {
    expect(await reconcile('assign-identity', account, context)).toMatchObject({ verdict: 'not-done' })
    const identity = await run('assign-identity', account, context)
    expect(identity).toEqual({ account: 'contosodata', principal_id: expect.any(String), tenant_id: SEED.tenant })
    expect(await run('assign-identity', account, context)).toEqual(identity)
    expect(await reconcile('assign-identity', account, context)).toMatchObject({ verdict: 'done', outputs: identity })
    await grant(twin, 'contoso-keys', identity.principal_id, SERVICE_PERMISSIONS)
    expect(ofStorage()).toHaveLength(1)
  })

  test('comes under the key, once', async () => {
    const wanted = { ...account, kid }
    expect(await reconcile('set-customer-key', wanted, context)).toEqual({
      verdict: 'not-done',
      facts: 'Account contosodata is encrypted under a key of the service (Microsoft.Storage).',
    })
    const set = await run('set-customer-key', wanted, context)
    expect(set).toEqual({
      account: 'contosodata',
      key_vault_uri: 'https://contoso-keys.vault.azure.test',
      key_name: 'storage-key',
      key_version: kid.slice(-32),
      key_source: 'Microsoft.Keyvault',
      kid_in_use: kid,
    })
    expect(await run('set-customer-key', wanted, context)).toEqual(set)
    expect(await reconcile('set-customer-key', wanted, context)).toEqual({
      verdict: 'done',
      outputs: set,
      facts: `Account contosodata is encrypted under ${kid}.`,
    })
    expect(ofStorage()).toHaveLength(2)
  })

  test('may follow the newest version instead', async () => {
    const following = { ...account, kid, 'follow-newest': true }
    expect(await reconcile('set-customer-key', following, context)).toMatchObject({ verdict: 'not-done' })
    expect(await run('set-customer-key', following, context)).toMatchObject({ key_version: null, kid_in_use: kid })
    expect(await reconcile('set-customer-key', following, context)).toMatchObject({ verdict: 'done' })
    expect(await reconcile('set-customer-key', { ...account, kid }, context)).toMatchObject({ verdict: 'not-done' })
    await run('set-customer-key', { ...account, kid }, context)
  })

  test('takes data and gives it back', async () => {
    expect(await reconcile('write-probe', blob, context)).toMatchObject({ verdict: 'not-done' })
    written = await run('write-probe', blob, context)
    expect(written).toEqual({
      url: 'https://contosodata.blob.core.azure.test/ceremony/probe',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      size: 1024,
    })
    expect(await reconcile('write-probe', blob, context)).toMatchObject({ verdict: 'done', outputs: written })
    expect(await run('probe', blob, context)).toEqual({ readable: true, status: 200, code: null, sha256: written.sha256 })
  })

  test('writes the same probe when the same step runs again, and only once', async () => {
    const bytes = new Uint8Array(1024).fill(7)
    const same: Context = { ...context, random: { bytes: () => bytes } }
    const again = { ...blob, blob: 'again' }
    const first = await run('write-probe', again, same)
    expect(await run('write-probe', again, same)).toEqual(first)
    expect(ofStorage().filter((effect) => effect.endsWith('/again'))).toHaveLength(1)
  })

  test('loses sight of its data when the key is deleted', async () => {
    await removeKey(twin, 'contoso-keys', 'storage-key')
    expect(await run('probe', blob, context)).toMatchObject({ readable: true, sha256: written.sha256 })
    await expect
      .poll(() => run('probe', blob, context), { timeout: 5000, interval: 50 })
      .toEqual({
        readable: false,
        status: 403,
        code: 'KeyVaultEncryptionKeyNotFound',
        sha256: null,
      })
  })

  test('says so where a probe is written or asked for meanwhile', async () => {
    const lost = {
      code: 'azure-storage/refused',
      changed: 'nothing',
      found: expect.stringMatching(/^HTTP 403 KeyVaultEncryptionKeyNotFound: /),
      advice: expect.stringContaining('recover the key'),
    }
    await expect(run('write-probe', { ...blob, blob: 'late' }, context)).rejects.toMatchObject(lost)
    await expect(reconcile('write-probe', blob, context)).rejects.toMatchObject(lost)
    expect(await reconcile('set-customer-key', { ...account, kid }, context)).toMatchObject({ verdict: 'done' })
  })

  test('has the same data again when the key is back', async () => {
    await recoverKey(twin, 'contoso-keys', 'storage-key')
    await expect
      .poll(() => run('probe', blob, context), { timeout: 5000, interval: 50 })
      .toEqual({ readable: true, status: 200, code: null, sha256: written.sha256 })
  })
})

describe('the plugin', () => {
  test('says in a sentence what each action will do', () => {
    for (const action of Object.values(plugin.actions)) expect(action.says({ ...account, ...blob, kid } as never)).toMatch(/^[A-Z].*\.$/)
  })

  test('can be asked of every change whether it took place', () => {
    for (const [name, action] of Object.entries(plugin.actions))
      expect([name, action.readsOnly === true || action.reconcile !== undefined]).toEqual([name, true])
  })
})
