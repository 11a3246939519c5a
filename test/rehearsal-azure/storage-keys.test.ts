/** An account under a customer's key: what is refused, how access fades and returns, and what a kill leaves. */
import { constants, createDecipheriv, createPrivateKey, generateKeyPairSync, privateDecrypt } from 'node:crypto'
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningTwin, SCOPES, startTwin } from '../azure-twin.ts'
import {
  ACCOUNT,
  accounts,
  bind,
  blobs,
  GROUP,
  identity,
  read,
  readOrCode,
  recoverKey,
  removeKey,
  SERVICE_PERMISSIONS,
  useKey,
  write,
} from './storage-setup.ts'
import { arm, grant, keyExchangeKey, policy, premiumVault, VAULTS, vault, wrappingKey } from './vault-setup.ts'

const MINUTE_MS = 60_000
const withoutVersion = (kid: string): string => kid.replace(/\/[0-9a-f]{32}$/, '')
/** What the journal says last of a row. */
// biome-ignore lint/suspicious/noExplicitAny: rows of many shapes
function rowOf(twin: RunningTwin, table: string, key: string): any {
  const lines = readFileSync(join(twin.dir, 'state.jsonl'), 'utf8').split('\n').filter(Boolean)
  const changes = lines.flatMap((line) => (JSON.parse(line) as { changes: { table: string; key: string; row: unknown }[] }).changes)
  return changes.findLast((change) => change.table === table && change.key === key)!.row
}
const dataKeyOf = (twin: RunningTwin): { by: string | null; bytes: string } => rowOf(twin, 'storage-accounts', ACCOUNT).dataKey

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

describe('when the key is taken away', () => {
  const SCALE = 300
  let twin: RunningTwin
  beforeAll(async () => {
    twin = await startTwin({ scale: SCALE })
    await bind(twin, 'europe')
    await write(twin, 'letter', 'under our key')
  })
  afterAll(() => twin.remove())

  const fades = async (): Promise<void> => {
    await expect.poll(() => readOrCode(twin, 'letter'), { timeout: 5000, interval: 20 }).toBe('KeyVaultEncryptionKeyNotFound')
  }
  const returns = async (): Promise<void> => {
    await expect.poll(() => readOrCode(twin, 'letter'), { timeout: 5000, interval: 20 }).toBe('under our key')
  }

  test('access fades after minutes, not at once, and returns with the key', async () => {
    await removeKey(twin, 'europe')
    const deletedAt = twin.now()
    expect(await read(twin, 'letter')).toBe('under our key')
    await fades()
    const minutes = (twin.now() - deletedAt) / MINUTE_MS
    expect(minutes).toBeGreaterThan(1)
    expect(minutes).toBeLessThan(10)
    await recoverKey(twin, 'europe')
    await returns()
  })

  test('the calls that touch data or metadata fail, and no others', async () => {
    await removeKey(twin, 'europe')
    await fades()
    const container = blobs(twin).getContainerClient('data')
    const blob = container.getBlockBlobClient('letter')
    const list = async (includeMetadata: boolean): Promise<string[]> => {
      const names: string[] = []
      for await (const { name } of container.listBlobsFlat({ includeMetadata })) names.push(name)
      return names
    }
    const lost = { statusCode: 403, code: 'KeyVaultEncryptionKeyNotFound' }
    await expect(blob.download()).rejects.toMatchObject({
      ...lost,
      message: expect.stringContaining('The key vault key is not found to unwrap the encryption key.'),
    })
    await expect(blob.upload('x', 1)).rejects.toMatchObject(lost)
    await expect(container.getBlockBlobClient('new').upload('x', 1)).rejects.toMatchObject(lost)
    await expect(blob.setMetadata({ a: 'b' })).rejects.toMatchObject(lost)
    await expect(list(true)).rejects.toMatchObject(lost)
    await expect(blob.getProperties()).rejects.toMatchObject({ statusCode: 403 })
    expect(await list(false)).toEqual(['letter'])
    expect((await blobs(twin).createContainer('another')).containerCreateResponse._response.status).toBe(201)
    await expect(container.getBlockBlobClient('nothing').download()).rejects.toMatchObject({ code: 'BlobNotFound' })
    await recoverKey(twin, 'europe')
    await returns()
  })

  test('a disabled key and a withdrawn grant are as good as deleted', async () => {
    await vault(twin, 'europe', 'PATCH', '/keys/key', { attributes: { enabled: false } })
    await fades()
    await vault(twin, 'europe', 'PATCH', '/keys/key', { attributes: { enabled: true } })
    await returns()
    const { principalId } = (await accounts(twin).getProperties(GROUP, ACCOUNT)).identity!
    const change = (how: string) =>
      arm(twin, 'PUT', `${VAULTS}/europe/accessPolicies/${how}`, { properties: { accessPolicies: [policy(principalId!, ['unwrapKey'])] } })
    await change('remove')
    await fades()
    await change('add')
    await returns()
  })

  test('a deleted vault is told apart', async () => {
    await arm(twin, 'DELETE', `${VAULTS}/europe`)
    await expect.poll(() => readOrCode(twin, 'letter'), { timeout: 5000, interval: 20 }).toBe('KeyVaultVaultNotFound')
    const body = { location: 'westeurope', properties: { createMode: 'recover' } }
    expect((await arm(twin, 'PUT', `${VAULTS}/europe`, body)).status).toBe(200)
    await returns()
  })

  test('there is no way to another key but back', async () => {
    await premiumVault(twin, 'america', {}, 'eastus')
    const { principalId } = (await accounts(twin).getProperties(GROUP, ACCOUNT)).identity!
    await grant(twin, 'america', principalId!, SERVICE_PERMISSIONS)
    const other = await wrappingKey(twin, 'america', 'key')
    await removeKey(twin, 'europe')
    await fades()
    await expect(useKey(twin, other)).rejects.toMatchObject({
      code: 'KeyVaultKeyNotFound',
      message: expect.stringContaining('europe.vault'),
    })
    await expect(accounts(twin).update(GROUP, ACCOUNT, { encryption: { keySource: 'Microsoft.Storage' } })).rejects.toMatchObject({
      code: 'KeyVaultKeyNotFound',
    })
    await recoverKey(twin, 'europe')
    await returns()
  })

  test('an account that lost its identity has lost its key', async () => {
    await accounts(twin).update(GROUP, ACCOUNT, { identity: { type: 'None' } })
    await expect.poll(() => readOrCode(twin, 'letter'), { timeout: 5000, interval: 20 }).toBe('KeyVaultAccessTokenCannotBeAcquired')
    await identity(twin)
    expect(await readOrCode(twin, 'letter')).toBe('KeyVaultEncryptionKeyNotFound')
    const { principalId } = (await accounts(twin).getProperties(GROUP, ACCOUNT)).identity!
    await grant(twin, 'europe', principalId!, SERVICE_PERMISSIONS)
    await returns()
  })
})

describe('after a kill', () => {
  let twin: RunningTwin
  beforeAll(async () => {
    twin = await startTwin({ scale: 60 })
    await bind(twin, 'europe')
    await write(twin, 'letter', 'under our key')
  })
  afterAll(() => twin.remove())

  test('all is as it was, and nothing happened twice', async () => {
    const before = { effects: twin.effects(), account: await accounts(twin).getProperties(GROUP, ACCOUNT) }
    await twin.killAndRestart()
    expect(await accounts(twin).getProperties(GROUP, ACCOUNT)).toEqual(before.account)
    expect(await read(twin, 'letter')).toBe('under our key')
    expect(twin.effects()).toEqual(before.effects)
    expect(new Set(twin.effects()).size).toBe(twin.effects().length)
  })

  test('an unwrapped key is in no memory any more', async () => {
    await removeKey(twin, 'europe')
    expect(await readOrCode(twin, 'letter')).toBe('under our key')
    await twin.killAndRestart()
    expect(await readOrCode(twin, 'letter')).toBe('KeyVaultEncryptionKeyNotFound')
  })

  test('the vault’s key opens the data, and nothing else does', () => {
    const { versions } = rowOf(twin, 'keys', 'europe/key')
    const vaultKey = createPrivateKey({ key: Buffer.from(versions[0].privateKey, 'base64'), type: 'pkcs8', format: 'der' })
    const wrapped = Buffer.from(dataKeyOf(twin).bytes, 'base64')
    const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
    const sealed = Buffer.from(rowOf(twin, 'blobs', `${ACCOUNT}/data/letter`).content, 'base64')
    const open = (key: Buffer): string => {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12)).setAAD(Buffer.from(`content:${ACCOUNT}/data/letter`))
      decipher.setAuthTag(sealed.subarray(-16))
      return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]).toString()
    }
    expect(open(privateDecrypt({ key: vaultKey, ...oaep }, wrapped))).toBe('under our key')
    expect(() => open(Buffer.from(rowOf(twin, 'storage-service-keys', 'current'), 'base64'))).toThrow()
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    expect(() => privateDecrypt({ key: other, ...oaep }, wrapped)).toThrow()
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
