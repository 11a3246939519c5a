/** What is done to a key that is in use: new versions, disabling, withdrawn access. With the real SDKs, against the twin. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Context } from '../../engine/src/plugin/contract.ts'
import { cloudContext, OFFICER, type RunningTwin, STRANGER, startTwin } from '../azure-twin.ts'
import { byok, targetKey } from '../rehearsal-azure/vault-setup.ts'
import { modulusDigest, reconcile, run } from './keys.ts'

let twin: RunningTwin
let context: Context
const VAULT = 'https://contoso-keys-eu.vault.azure.test'
const ref = { 'vault-name': 'contoso-keys-eu', 'resource-group': 'keys', principal: STRANGER.objectId }
const key = { vault: VAULT, name: 'storage-key' }
const first = targetKey(2048)
const second = targetKey(2048)
let kid: string

beforeAll(async () => {
  twin = await startTwin({ scale: 3600 })
  context = cloudContext(twin)
  const vault = { name: 'contoso-keys-eu', 'resource-group': 'keys', location: 'westeurope', 'officer-object-id': OFFICER.objectId }
  await run('ensure-vault', vault, context)
  const { kek } = await run('create-kek', { vault: VAULT, name: 'kek', bits: 2048 }, context)
  const blob = await context.artifact.put('first.byok', byok(kek, first))
  ;({ kid } = await run('import-key', { ...key, blob }, context))
})
afterAll(() => twin.remove())

describe('a new version', () => {
  test('is uploaded only over the version that it is said to supersede', async () => {
    const { kek } = await run('export-kek', { vault: VAULT, name: 'kek' }, context)
    const blob = await context.artifact.put('second.byok', byok(kek, second))
    const elsewhere = `${VAULT}/keys/storage-key/${'0'.repeat(32)}`
    await expect(run('import-key', { ...key, blob, supersedes: elsewhere }, context)).rejects.toMatchObject({
      code: 'azure-vault/not-newest',
      found: kid,
      changed: 'nothing',
    })
    const upload = { ...key, blob, supersedes: kid }
    expect(await reconcile('import-key', upload, context)).toMatchObject({ verdict: 'not-done', facts: expect.stringContaining('still') })
    const imported = await run('import-key', upload, context)
    expect(imported.modulus_sha256).toBe(modulusDigest(second))
    expect(imported.kid).not.toBe(kid)
    expect(await reconcile('import-key', upload, context)).toMatchObject({ verdict: 'done', outputs: imported })
    expect(await run('list-versions', key, context)).toEqual({
      versions: [
        { kid, enabled: true },
        { kid: imported.kid, enabled: true },
      ],
      enabled: [kid, imported.kid],
    })
    kid = imported.kid
  })

  test('has nothing to list where there is no key', async () => {
    await expect(run('list-versions', { ...key, name: 'nothing' }, context)).rejects.toMatchObject({ code: 'azure-vault/refused' })
  })
})

describe('disabling', () => {
  test('changes the one version, once, and is taken back', async () => {
    expect(await reconcile('set-key-enabled', { kid, enabled: false }, context)).toMatchObject({ verdict: 'not-done' })
    expect(await run('set-key-enabled', { kid, enabled: false }, context)).toEqual({ kid, enabled: false, changed: true })
    expect(await run('set-key-enabled', { kid, enabled: false }, context)).toEqual({ kid, enabled: false, changed: false })
    expect((await run('list-versions', key, context)).enabled).toHaveLength(1)
    expect(await reconcile('set-key-enabled', { kid, enabled: false }, context)).toMatchObject({ verdict: 'done' })
    expect(await run('set-key-enabled', { kid, enabled: true }, context)).toMatchObject({ enabled: true, changed: true })
    expect(twin.effects().filter((effect) => effect.startsWith('key/update'))).toHaveLength(2)
  })

  test('of a version that is not there is refused', async () => {
    const other = `${VAULT}/keys/storage-key/${'0'.repeat(32)}`
    await expect(run('set-key-enabled', { kid: other, enabled: false }, context)).rejects.toMatchObject({ code: 'azure-vault/no-version' })
  })
})

describe('revoking', () => {
  test('takes all of one identity’s permissions and leaves the others theirs', async () => {
    await run('grant', { ...ref, permissions: ['get', 'wrapKey', 'unwrapKey'] }, context)
    expect(await reconcile('revoke', ref, context)).toMatchObject({ verdict: 'not-done' })
    expect((await run('revoke', ref, context)).removed.sort()).toEqual(['get', 'unwrapkey', 'wrapkey'])
    expect(await reconcile('revoke', ref, context)).toMatchObject({ verdict: 'done' })
    expect(await run('revoke', ref, context)).toMatchObject({ removed: [] })
    expect(await run('get-key', key, context)).toMatchObject({ kid })
  })

  test('in a vault that is not there is refused', async () => {
    await expect(run('revoke', { ...ref, 'vault-name': 'no-such-vault' }, context)).rejects.toMatchObject({ code: 'azure-vault/no-vault' })
  })
})
