/** What the plugin stops at before, or because of, what the vault is or says. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Context } from '../../engine/src/plugin/contract.ts'
import { cloudContext, OFFICER, type RunningTwin, startTwin } from '../azure-twin.ts'
import {
  byok,
  vault as dataPlane,
  keyExchangeKey,
  OFFICER_PERMISSIONS,
  type PublicKey,
  policy,
  premiumVault,
  targetKey,
  wrappingKey,
} from '../rehearsal-azure/vault-setup.ts'
import { reconcile, run } from './keys.ts'

let twin: RunningTwin
let context: Context
let kek: PublicKey
const target = targetKey()
const VAULT = 'https://strict.vault.azure.test'
const wanted = { 'resource-group': 'keys', location: 'westeurope', 'officer-object-id': OFFICER.objectId }

beforeAll(async () => {
  twin = await startTwin({ scale: 3600 })
  context = cloudContext(twin)
  await premiumVault(twin, 'strict')
  kek = await keyExchangeKey(twin, 'strict', 'kek')
})
afterAll(() => twin.remove())

describe('an existing vault', () => {
  test.each([
    ['has no purge protection', 'unprotected', { enablePurgeProtection: undefined }, 'no purge protection'],
    ['is of the standard SKU', 'standard-sku', { sku: { family: 'A', name: 'standard' } }, 'standard'],
    ['keeps deleted keys for fewer days', 'forgetful', { softDeleteRetentionInDays: 7 }, '7 days'],
  ])('that %s is refused and left as it is', async (_, name, properties, found) => {
    await premiumVault(twin, name, properties)
    const effects = twin.effects().length
    await expect(run('ensure-vault', { ...wanted, name }, context)).rejects.toMatchObject({
      code: 'azure-vault/weak-vault',
      changed: 'nothing',
      found: expect.stringContaining(found),
    })
    expect(twin.effects()).toHaveLength(effects)
    expect(await reconcile('ensure-vault', { ...wanted, name }, context)).toMatchObject({ verdict: 'not-done' })
  })

  test('in another region is refused', async () => {
    await expect(run('ensure-vault', { ...wanted, name: 'strict', location: 'eastus' }, context)).rejects.toMatchObject({
      found: expect.stringContaining('westeurope'),
    })
  })

  test('that goes by roles is refused, for granting and for use', async () => {
    await premiumVault(twin, 'by-roles', { enableRbacAuthorization: true })
    await expect(run('ensure-vault', { ...wanted, name: 'by-roles' }, context)).rejects.toMatchObject({ code: 'azure-vault/rbac' })
    const grant = { 'vault-name': 'by-roles', 'resource-group': 'keys', principal: OFFICER.objectId, permissions: ['get'] }
    await expect(run('grant', grant, context)).rejects.toMatchObject({ code: 'azure-vault/rbac' })
    await expect(run('get-key', { vault: 'https://by-roles.vault.azure.test', name: 'x' }, context)).rejects.toMatchObject({
      found: expect.stringContaining('ForbiddenByRbac'),
    })
  })

  test('whose officer lacks a right gets it added', async () => {
    await premiumVault(twin, 'half-open', { accessPolicies: [policy(OFFICER.objectId, ['get'])] })
    expect(await reconcile('ensure-vault', { ...wanted, name: 'half-open' }, context)).toMatchObject({ verdict: 'not-done' })
    expect(await run('ensure-vault', { ...wanted, name: 'half-open' }, context)).toMatchObject({ created: false })
    expect(await reconcile('ensure-vault', { ...wanted, name: 'half-open' }, context)).toMatchObject({ verdict: 'done' })
  })

  test('of another owner, with the name that is wanted, is reported as such', async () => {
    await expect(run('ensure-vault', { ...wanted, name: 'strict', 'resource-group': 'other' }, context)).rejects.toMatchObject({
      code: 'azure-vault/refused',
      found: expect.stringContaining('VaultAlreadyExists'),
      advice: expect.stringContaining('unique'),
    })
  })

  test('that is not there cannot be granted on', async () => {
    const grant = { 'vault-name': 'nowhere', 'resource-group': 'keys', principal: OFFICER.objectId, permissions: ['get'] }
    await expect(run('grant', grant, context)).rejects.toMatchObject({ code: 'azure-vault/no-vault' })
  })
})

describe('a vault’s address', () => {
  test('of another cloud is refused before anything is sent', async () => {
    await expect(run('get-key', { vault: 'https://strict.vault.azure.net', name: 'x' }, context)).rejects.toMatchObject({
      code: 'azure-vault/foreign-vault',
    })
    await expect(run('get-key', { vault: 'https://abc.strict.vault.azure.test', name: 'x' }, context)).rejects.toMatchObject({
      code: 'azure-vault/foreign-vault',
    })
  })
})

describe('a blob with a mistake', () => {
  type Envelope = Record<string, unknown>
  const header = (change: Envelope) => (envelope: Envelope) => ({ ...envelope, header: { ...(envelope.header as object), ...change } })
  const ciphertext = (change: (text: string) => unknown) => (envelope: Envelope) => ({
    ...envelope,
    ciphertext: change(String(envelope.ciphertext)),
  })
  test.each<[string, string, (envelope: Envelope) => unknown]>([
    ['base64 instead of base64url', 'base64', ciphertext((text) => `${Buffer.from(text, 'base64url').toString('base64').slice(0, -1)}=`)],
    ['line breaks in the ciphertext', 'ciphertext', ciphertext((text) => `${text.slice(0, 64)}\n${text.slice(64)}`)],
    ['a ciphertext that is too short', 'ciphertext', ciphertext((text) => text.slice(0, 64))],
    [
      'a ciphertext of a wrong length',
      'ciphertext',
      ciphertext((text) => Buffer.from(text, 'base64url').subarray(1).toString('base64url')),
    ],
    ['a key id without version', 'kid-without-version', header({ kid: `${VAULT}/keys/kek` })],
    ['a key id of another kind', 'kid', header({ kid: `${VAULT}/secrets/kek/${'0'.repeat(32)}` })],
    ['a key id that is no URL', 'kid', header({ kid: 'kek' })],
    ['a key id of another cloud', 'foreign-cloud', header({ kid: `https://strict.vault.azure.net/keys/kek/${'0'.repeat(32)}` })],
    ['a key id of another vault', 'of-other-vault', header({ kid: `https://other.vault.azure.test/keys/kek/${'0'.repeat(32)}` })],
    ['another algorithm', 'algorithm', header({ alg: 'RSA-OAEP' })],
    ['another encryption', 'algorithm', header({ enc: 'CKM_AES_KEY_WRAP' })],
    ['an unknown field', 'unknown-field', (envelope) => ({ ...envelope, note: 'x' })],
    ['a missing field', 'incomplete', ({ generator, ...rest }) => rest],
    ['another schema', 'schema', (envelope) => ({ ...envelope, schema_version: '1.0' })],
    ['a header that is a list', 'header', (envelope) => ({ ...envelope, header: [] })],
  ])('(%s) is told from others and not sent', async (_, code, change) => {
    const blob = await context.artifact.put('spoilt.byok', byok(kek, target, change))
    await expect(run('import-key', { vault: VAULT, name: 'spoilt', blob }, context)).rejects.toMatchObject({
      code: `azure-vault/blob-${code}`,
      changed: 'nothing',
    })
  })

  test.each<[string, string, Buffer]>([
    ['the bare ciphertext', 'not-json', Buffer.from([0xff, 0x00, 0x80, 0x99])],
    ['base64 without its envelope', 'not-json', Buffer.from('QUJDREVGR0g=')],
    ['a byte order mark', 'byte-order-mark', Buffer.from('\uFEFF{}')],
    ['far too much', 'too-long', Buffer.alloc(70_000, 0x20)],
  ])('(%s) is told from others and not sent', async (_, code, bytes) => {
    const blob = await context.artifact.put('spoilt.byok', bytes)
    await expect(run('import-key', { vault: VAULT, name: 'spoilt', blob }, context)).rejects.toMatchObject({
      code: `azure-vault/blob-${code}`,
    })
  })

  test('that only the vault can see is passed on in the vault’s words', async () => {
    const stale = byok({ ...kek, kid: `${VAULT}/keys/kek/${'0'.repeat(32)}` }, target)
    const blob = await context.artifact.put('stale.byok', stale)
    await expect(run('import-key', { vault: VAULT, name: 'stale', blob }, context)).rejects.toMatchObject({
      code: 'azure-vault/refused',
      changed: 'nothing',
      found: expect.stringMatching(/^HTTP 400 BadParameter: .*not found/),
    })
    expect(await reconcile('import-key', { vault: VAULT, name: 'stale', blob }, context)).toMatchObject({ verdict: 'not-done' })
  })
})

describe('a proof', () => {
  test('that a vault refuses a blob is not made from a refusal of the caller', async () => {
    await premiumVault(twin, 'closed', { accessPolicies: [policy(OFFICER.objectId, ['get'])] })
    const blob = await context.artifact.put('foreign.byok', byok(kek, target))
    await expect(run('prove-blob-refused', { vault: 'https://closed.vault.azure.test', name: 'x', blob }, context)).rejects.toMatchObject({
      code: 'azure-vault/refused',
      found: expect.stringContaining('AccessDenied'),
    })
  })

  test('that a purge is refused is not asked for where the vault would say yes', async () => {
    await premiumVault(twin, 'mortal', {
      enablePurgeProtection: undefined,
      accessPolicies: [policy(OFFICER.objectId, OFFICER_PERMISSIONS)],
    })
    await wrappingKey(twin, 'mortal', 'key')
    const mortal = { vault: 'https://mortal.vault.azure.test', name: 'key' }
    await expect(run('delete-key', mortal, context)).rejects.toMatchObject({ code: 'azure-vault/purgeable', changed: 'nothing' })
    await dataPlane(twin, 'mortal', 'DELETE', '/keys/key')
    await expect.poll(async () => (await dataPlane(twin, 'mortal', 'GET', '/deletedkeys/key')).status).toBe(200)
    await expect(run('prove-purge-refused', mortal, context)).rejects.toMatchObject({ code: 'azure-vault/purgeable', changed: 'nothing' })
    expect((await dataPlane(twin, 'mortal', 'GET', '/deletedkeys/key')).status).toBe(200)
  })

  test('of a key that is not deleted cannot be made', async () => {
    await expect(run('prove-purge-refused', { vault: VAULT, name: 'kek' }, context)).rejects.toMatchObject({
      code: 'azure-vault/not-deleted',
    })
  })
})

describe('no answer', () => {
  test('leaves open what was changed', async () => {
    const cut: Context = {
      ...context,
      http: {
        ...context.http,
        client: {
          sendRequest: (request) => twin.client.sendRequest(Object.assign(request, { url: request.url.replace('strict.', 'nowhere.') })),
        },
      },
    }
    await expect(run('get-key', { vault: VAULT, name: 'kek' }, cut)).rejects.toMatchObject({
      code: 'azure-vault/refused',
      found: expect.stringContaining('VaultNotFound'),
    })
  })
})
