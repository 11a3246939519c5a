/** What the plugin stops at before, or because of, what the service says; and what it waits for. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Context } from '../../engine/src/plugin/contract.ts'
import { cloudContext, type RunningTwin, startTwin } from '../azure-twin.ts'
import { ACCESS, PROTECTOR } from '../rehearsal-azure/sql-setup.ts'
import { arm, grant, policy, premiumVault, vault, wrappingKey } from '../rehearsal-azure/vault-setup.ts'
import { keyFor, reconcile, run, SERVER } from './actions.ts'

let twin: RunningTwin
let context: Context & { readonly said: string[] }
let principal: string
beforeAll(async () => {
  twin = await startTwin({ scale: 600 })
  context = cloudContext(twin, { scale: 600 })
})
afterAll(() => twin.remove())

const refused = (code: string) => ({ code: 'azure-sql/refused', changed: 'nothing', found: expect.stringContaining(code) })

describe('a key is not added', () => {
  test('to a server without an identity', async () => {
    await premiumVault(twin, 'before')
    const kid = await wrappingKey(twin, 'before', 'key')
    await expect(run('add-key', { ...SERVER, kid }, context)).rejects.toMatchObject({
      ...refused('AzureKeyVaultNoServerIdentity'),
      advice: expect.stringContaining('assign-identity'),
    })
    principal = (await run('assign-identity', SERVER, context)).principal_id
  })

  test('from a vault of another cloud, and nothing is asked', async () => {
    const kid = `https://contoso.vault.azure.net/keys/key/${'0'.repeat(32)}`
    const effects = twin.effects().length
    for (const action of ['add-key', 'set-protector'])
      await expect(run(action, { ...SERVER, kid }, context)).rejects.toMatchObject({ code: 'azure-sql/foreign-key', changed: 'nothing' })
    expect(twin.effects()).toHaveLength(effects)
  })

  test('that is too large', async () => {
    const kid = await keyFor(twin, 'large-keys', principal, 4096)
    await expect(run('add-key', { ...SERVER, kid }, context)).rejects.toMatchObject({
      ...refused('AzureKeyVaultRsaKeyNotSupported'),
      advice: expect.stringContaining('2048 or 3072'),
    })
    expect(await reconcile('add-key', { ...SERVER, kid }, context)).toMatchObject({ verdict: 'not-done' })
  })

  test('from a vault without purge protection', async () => {
    await premiumVault(twin, 'purgeable', { enablePurgeProtection: undefined })
    await grant(twin, 'purgeable', principal, ACCESS)
    const kid = await wrappingKey(twin, 'purgeable', 'key')
    await expect(run('add-key', { ...SERVER, kid }, context)).rejects.toMatchObject({
      ...refused('SecurityInvalidAzureKeyVaultRecoveryLevel'),
      advice: expect.stringContaining('purge protection'),
    })
  })

  test('that was deleted', async () => {
    const kid = await keyFor(twin, 'emptied', principal)
    await vault(twin, 'emptied', 'DELETE', '/keys/sql-key')
    await expect(run('add-key', { ...SERVER, kid }, context)).rejects.toMatchObject({
      ...refused('AzureKeyVaultKeyNameNotFound'),
      advice: expect.stringContaining('recover'),
    })
  })

  test('to a server, or in a group, that is not there', async () => {
    const kid = await keyFor(twin, 'unused', principal)
    for (const [input, code] of [
      [{ ...SERVER, server: 'contoso-none' }, 'ResourceNotFound'],
      [{ ...SERVER, 'resource-group': 'nowhere' }, 'ResourceGroupNotFound'],
    ] as const) {
      await expect(run('add-key', { ...input, kid }, context)).rejects.toMatchObject(refused(code))
      await expect(reconcile('add-key', { ...input, kid }, context)).rejects.toMatchObject(refused(code))
    }
  })
})

describe('a grant that takes its time', () => {
  test('is waited for, for ten minutes, and then asked for', async () => {
    await premiumVault(twin, 'closed')
    const kid = await wrappingKey(twin, 'closed', 'key')
    const began = twin.now()
    await expect(run('add-key', { ...SERVER, kid }, context)).rejects.toMatchObject({
      ...refused('AzureKeyVaultMissingPermissions'),
      advice: expect.stringContaining('wrapKey'),
    })
    expect(twin.now() - began).toBeGreaterThan(10 * 60_000)
  })

  test('is waited for, and the key is added once it is there', async () => {
    const slow = await startTwin({ scale: 60 })
    try {
      const patient = cloudContext(slow, { scale: 60 })
      const { principal_id } = await run('assign-identity', SERVER, patient)
      await premiumVault(slow, 'opening')
      const kid = await wrappingKey(slow, 'opening', 'key')
      const adding = run('add-key', { ...SERVER, kid }, patient)
      await Promise.race([adding, sleep(1500)])
      await grant(slow, 'opening', principal_id, ACCESS)
      expect(await adding).toMatchObject({ key_name: expect.stringContaining('opening_key_') })
      expect(patient.said).toEqual([expect.stringContaining('takes some minutes to spread')])
    } finally {
      await slow.remove()
    }
  })
})

describe('a protector is not set', () => {
  test('to a key that the server does not know', async () => {
    const kid = await keyFor(twin, 'not-added', principal)
    await expect(run('set-protector', { ...SERVER, kid }, context)).rejects.toMatchObject({
      ...refused('ServerKeyNotFound'),
      advice: expect.stringContaining('add-key'),
    })
    expect(await reconcile('set-protector', { ...SERVER, kid }, context)).toMatchObject({
      verdict: 'not-done',
      facts: expect.stringContaining('ServiceManaged'),
    })
  })

  test('to a key that the server has lost access to since', async () => {
    const kid = await keyFor(twin, 'let-go', principal)
    await run('add-key', { ...SERVER, kid }, context)
    const vaults = PROTECTOR.replace(/Microsoft\.Sql.*$/, 'Microsoft.KeyVault/vaults')
    await arm(twin, 'PUT', `${vaults}/let-go/accessPolicies/replace`, { properties: { accessPolicies: [policy(principal, ['get'])] } })
    await expect(run('set-protector', { ...SERVER, kid }, context)).rejects.toMatchObject(refused('AzureKeyVaultMissingPermissions'))
    expect((await arm(twin, 'GET', PROTECTOR)).json.properties.serverKeyType).toBe('ServiceManaged')
  })
})

describe('a database', () => {
  test('that is not there is reported as such', async () => {
    await expect(run('state', { ...SERVER, databases: ['orders', 'none'] }, context)).rejects.toMatchObject({
      ...refused('ResourceNotFound'),
      advice: expect.stringContaining('names'),
    })
    await expect(run('enable-tde', { ...SERVER, database: 'none' }, context)).rejects.toMatchObject(refused('ResourceNotFound'))
  })

  test('that is inaccessible is not encrypted; whoever asks is told how it comes back', async () => {
    const kid = await keyFor(twin, 'fading', principal)
    await run('add-key', { ...SERVER, kid }, context)
    await run('set-protector', { ...SERVER, kid }, context)
    await vault(twin, 'fading', 'DELETE', '/keys/sql-key')
    const databases = { ...SERVER, databases: ['orders'] }
    await expect.poll(() => run('state', databases, context), { timeout: 10_000 }).toMatchObject({ all_inaccessible: true })
    await expect(run('enable-tde', { ...SERVER, database: 'orders' }, context)).rejects.toMatchObject({
      code: 'azure-sql/refused',
      advice: expect.stringContaining('revalidate'),
    })
    await expect(run('revalidate', SERVER, context)).rejects.toMatchObject(refused('AzureKeyVaultKeyNameNotFound'))
  })

  test('of a service that does not answer is in an unknown state', async () => {
    const gone = await startTwin()
    const silent = cloudContext(gone)
    await silent.http.credential.getToken('https://management.azure.test/.default')
    await gone.stop()
    try {
      await expect(run('state', { ...SERVER, databases: ['orders'] }, silent)).rejects.toMatchObject({
        code: 'azure-sql/no-answer',
        changed: 'unknown',
      })
    } finally {
      await gone.remove()
    }
  })
})
