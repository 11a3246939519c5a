/** An account under a customer's key: how access fades and returns, and what a kill leaves. */
import { constants, createDecipheriv, createPrivateKey, generateKeyPairSync, privateDecrypt } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningTwin, startTwin } from '../azure-twin.ts'
import {
  ACCOUNT,
  accounts,
  bind,
  blobs,
  dataKeyOf,
  GROUP,
  identity,
  read,
  readOrCode,
  recoverKey,
  removeKey,
  rowOf,
  SERVICE_PERMISSIONS,
  useKey,
  write,
} from './storage-setup.ts'
import { arm, grant, policy, premiumVault, VAULTS, vault, wrappingKey } from './vault-setup.ts'

const MINUTE_MS = 60_000

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
