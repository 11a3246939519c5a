/** Puts an account under a customer's key, and what is refused then. */
import { generateKeyPairSync } from 'node:crypto'
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningTwin, SCOPES, startTwin } from '../azure-twin.ts'
import {
  ACCOUNT,
  accounts,
  bind,
  dataKeyOf,
  GROUP,
  identity,
  read,
  removeKey,
  SERVICE_PERMISSIONS,
  useKey,
  write,
} from './storage-setup.ts'
import { grant, keyExchangeKey, premiumVault, wrappingKey } from './vault-setup.ts'

const withoutVersion = (kid: string): string => kid.replace(/\/[0-9a-f]{32}$/, '')

describe('setting a customer’s key', () => {
  let twin: RunningTwin
  let good: string
  let principal: string
  beforeAll(async () => {
    twin = await startTwin()
    await premiumVault(twin, 'good')
    good = await wrappingKey(twin, 'good', 'key')
    principal = await identity(twin)
    await grant(twin, 'good', principal, SERVICE_PERMISSIONS)
    await write(twin, 'letter', 'written before')
  })
  afterAll(() => twin.remove())

  const refused = async (kid: string, code: string, message = /./): Promise<void> => {
    const effects = twin.effects().length
    await expect(useKey(twin, kid)).rejects.toMatchObject({ statusCode: 400, code, message: expect.stringMatching(message) })
    expect(twin.effects()).toHaveLength(effects)
    expect((await accounts(twin).getProperties(GROUP, ACCOUNT)).encryption!.keySource).toBe('Microsoft.Storage')
  }

  test('is refused where the vault lacks purge protection', async () => {
    await premiumVault(twin, 'mortal', { enablePurgeProtection: undefined })
    await grant(twin, 'mortal', principal, SERVICE_PERMISSIONS)
    await refused(await wrappingKey(twin, 'mortal', 'key'), 'KeyVaultPolicyError', /^Keyvault policy recoverable is not set/)
  })

  test('is refused for a vault that is not there, and for what is no vault', async () => {
    await refused(good.replace('good', 'nowhere'), 'InvalidValuesForRequestParameters', /keyvaulturi/)
    await refused(good.replace('.vault.azure.test', '.vault.azure.net'), 'InvalidValuesForRequestParameters', /keyvaulturi/)
  })

  test('is refused for a key, a version or a deleted key that is not there', async () => {
    await refused(good.replace('/keys/key/', '/keys/other/'), 'KeyVaultKeyNotFound')
    await refused(`${withoutVersion(good)}/${'0'.repeat(32)}`, 'KeyVaultKeyNotFound')
    const deleted = await wrappingKey(twin, 'good', 'deleted')
    await removeKey(twin, 'good', 'deleted')
    await refused(deleted, 'KeyVaultKeyNotFound', /deleted/)
  })

  test.each(SERVICE_PERMISSIONS)('is refused where the account’s identity lacks %s', async (missing) => {
    const name = `no-${missing.toLowerCase()}`
    await premiumVault(twin, name)
    await grant(
      twin,
      name,
      principal,
      SERVICE_PERMISSIONS.filter((permission) => permission !== missing),
    )
    await refused(await wrappingKey(twin, name, 'key'), 'KeyVaultAuthenticationFailure')
  })

  test('is refused for a key that cannot wrap, and for a disabled one', async () => {
    await refused((await keyExchangeKey(twin, 'good', 'kek')).kid, 'KeyVaultAuthenticationFailure')
    await refused(await wrappingKey(twin, 'good', 'signing', { key_ops: ['sign', 'verify'] }), 'KeyVaultAuthenticationFailure')
    const disabled = await wrappingKey(twin, 'good', 'disabled', { attributes: { enabled: false } })
    await refused(disabled, 'KeyVaultAuthenticationFailure')
  })

  test('is refused where the vault’s firewall keeps services out', async () => {
    await premiumVault(twin, 'walled', { networkAcls: { defaultAction: 'Deny', bypass: 'None', ipRules: [{ value: '127.0.0.1' }] } })
    await grant(twin, 'walled', principal, SERVICE_PERMISSIONS)
    await refused(await wrappingKey(twin, 'walled', 'key'), 'KeyVaultAuthenticationFailure')
  })

  test('is refused for an account without identity', async () => {
    await expect(useKey(twin, good, 'contosoclosed')).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringMatching(/^Missing pre-requisites/),
    })
  })

  test('is refused for a key that is too short, if a vault ever held one', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64')
    const id = 'a'.repeat(32)
    const version = { id, kty: 'RSA', bits: 1024, operations: ['wrapKey', 'unwrapKey'], enabled: true, privateKey: pkcs8 }
    const times = { notBefore: null, expires: null, created: 0, updated: 0, tags: null }
    const key = { vault: 'good', name: 'short', versions: [{ ...version, ...times }], deleted: null, recoveredAt: null }
    const effect = { time: new Date(0).toISOString(), principal: 'test', operation: 'key/plant', resource: 'short' }
    const sequence = twin.effects().length
    const line = { sequence, effect, changes: [{ table: 'keys', key: 'good/short', row: key }] }
    appendFileSync(join(twin.dir, 'state.jsonl'), `${JSON.stringify(line)}\n`)
    await twin.killAndRestart()
    await refused(`${withoutVersion(good).replace('/keys/key', '/keys/short')}/${id}`, 'KeyVaultKeyNotSupported', /1024 bits/)
  })

  test('wraps the data key anew and leaves the data as it is', async () => {
    const sealed = (): string =>
      readFileSync(join(twin.dir, 'state.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => line.includes('"blob/put"'))
        .join()
    const before = { dataKey: dataKeyOf(twin), sealed: sealed() }
    const { encryption } = await useKey(twin, good)
    expect(encryption).toMatchObject({
      keySource: 'Microsoft.Keyvault',
      keyVaultProperties: {
        keyVaultUri: 'https://good.vault.azure.test',
        keyName: 'key',
        keyVersion: good.slice(-32),
        currentVersionedKeyIdentifier: good,
        lastKeyRotationTimestamp: expect.any(Date),
      },
    })
    expect(before.dataKey.by).toBeNull()
    expect(dataKeyOf(twin).by).toBe(good)
    expect(sealed()).toBe(before.sealed)
    expect(await read(twin, 'letter')).toBe('written before')
  })

  test('can be undone, and done again with another key', async () => {
    const { encryption } = await accounts(twin).update(GROUP, ACCOUNT, { encryption: { keySource: 'Microsoft.Storage' } })
    expect(encryption!.keyVaultProperties).toBeUndefined()
    await removeKey(twin, 'good')
    expect(await read(twin, 'letter')).toBe('written before')
    const other = await wrappingKey(twin, 'good', 'other')
    await useKey(twin, other)
    expect(dataKeyOf(twin).by).toBe(other)
    expect(await read(twin, 'letter')).toBe('written before')
  })
})

describe('an account that follows the newest version of its key', () => {
  test('is under the newer version a day later', async () => {
    const twin = await startTwin({ scale: 100_000 })
    const { kid } = await bind(twin, 'rolling')
    await write(twin, 'letter', 'under our key')
    const { encryption } = await useKey(twin, withoutVersion(kid))
    expect(encryption!.keyVaultProperties).toMatchObject({ keyVersion: '', currentVersionedKeyIdentifier: kid })
    const newer = await wrappingKey(twin, 'rolling', 'key')
    const current = async () =>
      (await accounts(twin).getProperties(GROUP, ACCOUNT)).encryption!.keyVaultProperties!.currentVersionedKeyIdentifier
    await expect.poll(current, { timeout: 10_000 }).toBe(newer)
    expect(await read(twin, 'letter')).toBe('under our key')
    expect(twin.effects().filter((effect) => effect.startsWith('storage-account/follow-key'))).toHaveLength(1)
    await twin.remove()
  })

  test('a pinned one stays where it is', async () => {
    const twin = await startTwin({ scale: 100_000 })
    const { kid } = await bind(twin, 'pinned')
    await wrappingKey(twin, 'pinned', 'key')
    const pinnedAt = twin.now()
    await expect.poll(() => twin.now() - pinnedAt, { timeout: 10_000 }).toBeGreaterThan(49 * 3600_000)
    expect(dataKeyOf(twin).by).toBe(kid)
    const answer = await twin.request('GET', 'https://contosodata.blob.core.azure.test/?comp=list', {
      scope: SCOPES.storage,
      headers: { 'x-ms-version': '2025-01-05' },
    })
    expect(answer.status).toBe(200)
    await twin.remove()
  })
})
