/** The online half of a ceremony with the real SDKs, against the twin over HTTPS. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Artifact, Context } from '../../engine/src/plugin/contract.ts'
import plugin from '../../plugins/azure-vault/src/index.ts'
import { cloudContext, OFFICER, type RunningTwin, STRANGER, startTwin } from '../azure-twin.ts'
import { byok, vault as dataPlane, targetKey } from '../rehearsal-azure/vault-setup.ts'
import { modulusDigest, reconcile, run } from './keys.ts'

let twin: RunningTwin
let context: Context
const EUROPE = 'https://contoso-keys-eu.vault.azure.test'
const AMERICA = 'https://contoso-keys-us.vault.azure.test'
const target = targetKey(3072)
const europe = { name: 'contoso-keys-eu', 'resource-group': 'keys', location: 'westeurope', 'officer-object-id': OFFICER.objectId }
const america = { ...europe, name: 'contoso-keys-us', location: 'eastus' }
const key = { vault: EUROPE, name: 'storage-key' }
let blob: Artifact
let kid: string

beforeAll(async () => {
  twin = await startTwin({ scale: 3600 })
  context = cloudContext(twin)
})
afterAll(() => twin.remove())

describe('the online half of a ceremony', () => {
  test('makes a premium vault with purge protection in each geography', async () => {
    expect(await reconcile('ensure-vault', europe, context)).toMatchObject({ verdict: 'not-done' })
    const [eu, us] = await Promise.all([run('ensure-vault', europe, context), run('ensure-vault', america, context)])
    expect(eu).toEqual({
      vault: EUROPE,
      name: 'contoso-keys-eu',
      location: 'westeurope',
      sku: 'premium',
      purge_protection: true,
      soft_delete_days: 90,
      created: true,
    })
    expect(us).toMatchObject({ vault: AMERICA, location: 'eastus' })
    expect(await run('ensure-vault', europe, context)).toEqual({ ...eu, created: false })
    expect(await reconcile('ensure-vault', europe, context)).toMatchObject({ verdict: 'done', outputs: { ...eu, created: false } })
  })

  test('makes a key exchange key in each, and finds the same one when asked again', async () => {
    const kek = { vault: EUROPE, name: 'kek', bits: 2048 }
    expect(await reconcile('create-kek', kek, context)).toMatchObject({ verdict: 'not-done' })
    const made = await run('create-kek', kek, context)
    expect(made.kek).toMatchObject({
      kid: expect.stringMatching(/^https:\/\/contoso-keys-eu\.vault\.azure\.test\/keys\/kek\/[0-9a-f]{32}$/),
      bits: 2048,
      e: 'AQAB',
    })
    expect(await run('create-kek', kek, context)).toEqual(made)
    expect(await run('export-kek', { vault: EUROPE, name: 'kek' }, context)).toEqual(made)
    expect(await reconcile('create-kek', kek, context)).toMatchObject({ verdict: 'done', outputs: made })
    await run('create-kek', { ...kek, vault: AMERICA }, context)
    expect(twin.effects().filter((effect) => effect.startsWith('key/create'))).toHaveLength(2)
  })

  test('uploads a blob, and gets the key that was wrapped', async () => {
    const { kek } = await run('export-kek', { vault: EUROPE, name: 'kek' }, context)
    blob = await context.artifact.put('storage-key-eu.byok', byok(kek, target))
    expect(await reconcile('import-key', { ...key, blob }, context)).toMatchObject({ verdict: 'not-done' })
    const imported = await run('import-key', { ...key, blob }, context)
    expect(imported).toMatchObject({ bits: 3072, modulus_sha256: modulusDigest(target) })
    kid = imported.kid
    expect(await reconcile('import-key', { ...key, blob }, context)).toMatchObject({ verdict: 'done', outputs: imported })
    expect(await run('get-key', key, context)).toEqual({
      kid,
      bits: 3072,
      modulus_sha256: modulusDigest(target),
      enabled: true,
      recovery_level: 'Recoverable',
      operations: ['wrapKey', 'unwrapKey'],
    })
  })

  test('does not upload over a key that is there, and does not take it for its own', async () => {
    const { kek } = await run('export-kek', { vault: EUROPE, name: 'kek' }, context)
    const other = await context.artifact.put('other.byok', byok(kek, targetKey()))
    await expect(run('import-key', { ...key, blob: other }, context)).rejects.toMatchObject({
      code: 'azure-vault/name-taken',
      changed: 'nothing',
    })
    expect(await reconcile('import-key', { ...key, blob: other }, context)).toMatchObject({ verdict: 'not-done' })
    expect(twin.effects().filter((effect) => effect.startsWith('key/import'))).toHaveLength(1)
  })

  test('proves that America refuses Europe’s blob', async () => {
    const proof = { vault: AMERICA, name: 'europes-key', blob }
    expect(await run('prove-blob-refused', proof, context)).toEqual({
      refused: true,
      status: 400,
      code: 'BadParameter',
      message: expect.stringContaining('another vault'),
    })
    expect(await reconcile('prove-blob-refused', proof, context)).toMatchObject({ verdict: 'not-done' })
    await expect(run('prove-blob-refused', { ...proof, vault: EUROPE }, context)).rejects.toMatchObject({
      code: 'azure-vault/proves-nothing',
    })
  })

  test('lets a service use the keys, and nothing more', async () => {
    const grant = {
      'vault-name': 'contoso-keys-eu',
      'resource-group': 'keys',
      principal: STRANGER.objectId,
      permissions: ['get', 'wrapKey', 'unwrapKey'],
    }
    expect(await reconcile('grant', grant, context)).toMatchObject({ verdict: 'not-done' })
    const granted = await run('grant', grant, context)
    expect(granted).toEqual({ vault_name: 'contoso-keys-eu', principal: STRANGER.objectId, permissions: grant.permissions })
    expect(await reconcile('grant', grant, context)).toMatchObject({ verdict: 'done', outputs: granted })
    const stranger = cloudContext(twin, { as: STRANGER })
    expect(await run('get-key', key, stranger)).toMatchObject({ kid })
    await expect(run('delete-key', key, stranger)).rejects.toMatchObject({
      code: 'azure-vault/refused',
      found: expect.stringContaining('AccessDenied'),
    })
    await run('grant', grant, context)
    expect(twin.effects().filter((effect) => effect.startsWith('vault/access-policy-add'))).toHaveLength(1)
  })

  test('deletes the key, which can then be seen as deleted only', async () => {
    expect(await reconcile('delete-key', key, context)).toMatchObject({ verdict: 'not-done' })
    const deleted = await run('delete-key', key, context)
    expect(deleted).toMatchObject({ kid, recovery_id: `${EUROPE}/deletedkeys/storage-key`, recovery_level: 'Recoverable' })
    expect(Date.parse(deleted.scheduled_purge_on) - Date.parse(deleted.deleted_on)).toBe(90 * 24 * 3600 * 1000)
    expect(await reconcile('delete-key', key, context)).toMatchObject({ verdict: 'done', outputs: deleted })
    await expect(run('get-key', key, context)).rejects.toMatchObject({ code: 'azure-vault/no-key' })
    await expect(run('import-key', { ...key, blob }, context)).rejects.toMatchObject({
      code: 'azure-vault/refused',
      found: expect.stringContaining('ObjectIsDeletedButRecoverable'),
      advice: expect.stringContaining('Recover it'),
    })
  })

  test('proves that the deleted key cannot be purged', async () => {
    expect(await run('prove-purge-refused', key, context)).toMatchObject({
      refused: true,
      status: 403,
      code: 'Forbidden',
      still_recoverable: true,
    })
    expect(await reconcile('prove-purge-refused', key, context)).toMatchObject({ verdict: 'not-done' })
    const stranger = cloudContext(twin, { as: STRANGER })
    await expect(run('prove-purge-refused', key, stranger)).rejects.toMatchObject({
      code: 'azure-vault/refused',
      found: expect.stringContaining('AccessDenied'),
    })
  })

  test('recovers the key, and it is the one that the HSM made', async () => {
    expect(await reconcile('recover-key', key, context)).toMatchObject({ verdict: 'not-done' })
    const recovered = await run('recover-key', key, context)
    expect(recovered).toEqual({ kid, modulus_sha256: modulusDigest(target) })
    expect(await reconcile('recover-key', key, context)).toMatchObject({ verdict: 'done', outputs: recovered })
    await expect(run('recover-key', key, context)).rejects.toMatchObject({ code: 'azure-vault/not-deleted', changed: 'nothing' })
  })

  test('every action says in a sentence what it will do', () => {
    const input = { ...europe, ...key, bits: 2048, blob, 'vault-name': 'v', principal: OFFICER.objectId, permissions: ['get'] }
    for (const action of Object.values(plugin.actions)) expect(action.says(input as never)).toMatch(/^[A-Z].*\.$/)
  })

  test('every action that changes something can be asked whether it took place', () => {
    for (const [name, action] of Object.entries(plugin.actions))
      expect([name, action.readsOnly === true || action.reconcile !== undefined]).toEqual([name, true])
  })
})

describe('what is there already', () => {
  test('a key in the way of a key exchange key stops the ceremony', async () => {
    await dataPlane(twin, 'contoso-keys-eu', 'POST', '/keys/ordinary/create', { kty: 'RSA-HSM' })
    const kek = { vault: EUROPE, name: 'ordinary', bits: 2048 }
    await expect(run('create-kek', kek, context)).rejects.toMatchObject({ code: 'azure-vault/not-a-kek', changed: 'nothing' })
    await expect(run('create-kek', { ...kek, name: 'kek', bits: 4096 }, context)).rejects.toMatchObject({
      found: expect.stringContaining('2048 bits'),
    })
    expect(await reconcile('create-kek', kek, context)).toMatchObject({ verdict: 'not-done' })
  })
})
