/** Makes vaults and keys in a twin by plain requests, for tests that need them to be there. */
import { constants, createCipheriv, createPublicKey, generateKeyPairSync, type KeyObject, publicEncrypt, randomBytes } from 'node:crypto'
import { type Answer, OFFICER, type RunningTwin, SCOPES, SEED } from '../azure-twin.ts'

export const ARM = `https://management.azure.test/subscriptions/${SEED.subscription}`
export const VAULTS = `${ARM}/resourceGroups/keys/providers/Microsoft.KeyVault/vaults`
export const ARM_VERSION = 'api-version=2023-07-01'
export const VAULT_VERSION = 'api-version=7.4'
export const OFFICER_PERMISSIONS = ['get', 'list', 'create', 'import', 'update', 'delete', 'recover', 'purge', 'backup', 'restore']

/** Sends a request to the resource manager. */
export const arm = (twin: RunningTwin, method: string, path: string, body?: unknown): Promise<Answer> =>
  twin.request(method, `${path}?${ARM_VERSION}`, { scope: SCOPES.arm, body })

/** Sends a request to a vault's data plane, as the officer unless told. */
export const vault = (twin: RunningTwin, name: string, method: string, path: string, body?: unknown, as = OFFICER): Promise<Answer> =>
  twin.request(method, `https://${name}.vault.azure.test${path}${path.includes('?') ? '&' : '?'}${VAULT_VERSION}`, {
    scope: SCOPES.vault,
    as,
    body,
  })

/** @returns the body of a PUT that makes a premium vault with purge protection, whose keys the officer may handle */
export function vaultBody(properties: Record<string, unknown> = {}, location = 'westeurope') {
  return {
    location,
    properties: {
      tenantId: SEED.tenant,
      sku: { family: 'A', name: 'premium' },
      enablePurgeProtection: true,
      accessPolicies: [policy(OFFICER.objectId, OFFICER_PERMISSIONS)],
      ...properties,
    },
  }
}

export const policy = (objectId: string, keys: readonly string[]) => ({ tenantId: SEED.tenant, objectId, permissions: { keys } })

/** Makes the vault; `properties` replace those of `vaultBody`. */
export async function premiumVault(
  twin: RunningTwin,
  name: string,
  properties: Record<string, unknown> = {},
  location = 'westeurope',
): Promise<void> {
  const answer = await arm(twin, 'PUT', `${VAULTS}/${name}`, vaultBody(properties, location))
  if (answer.status !== 200) throw new Error(answer.text)
}

/** Adds an access policy to a vault. */
export async function grant(twin: RunningTwin, name: string, objectId: string, keys: readonly string[]): Promise<void> {
  const answer = await arm(twin, 'PUT', `${VAULTS}/${name}/accessPolicies/add`, {
    properties: { accessPolicies: [policy(objectId, keys)] },
  })
  if (answer.status !== 200) throw new Error(answer.text)
}

export interface PublicKey {
  readonly kid: string
  readonly n: string
  readonly e: string
}

/** Makes a key exchange key. */
export async function keyExchangeKey(twin: RunningTwin, name: string, key: string, bits = 2048): Promise<PublicKey> {
  const answer = await vault(twin, name, 'POST', `/keys/${key}/create`, { kty: 'RSA-HSM', key_size: bits, key_ops: ['import'] })
  if (answer.status !== 200) throw new Error(answer.text)
  return answer.json.key
}

/** An RSA key that stands for the HSM's. */
export const targetKey = (bits = 2048): KeyObject => generateKeyPairSync('rsa', { modulusLength: bits }).privateKey

/** @returns the ciphertext that an HSM makes of a target key for a key exchange key */
export function wrapFor(kek: { n: string; e: string }, target: KeyObject): Buffer {
  const aes = randomBytes(32)
  const key = createPublicKey({ key: { kty: 'RSA', n: kek.n, e: kek.e }, format: 'jwk' })
  const wrappedAes = publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, aes)
  const cipher = createCipheriv('id-aes256-wrap-pad', aes, Buffer.from('a65959a6', 'hex'))
  return Buffer.concat([wrappedAes, cipher.update(target.export({ type: 'pkcs8', format: 'der' })), cipher.final()])
}

/** @returns the bytes of a `.byok` file; `change` may spoil the envelope */
export function byok(
  kek: PublicKey,
  target: KeyObject,
  change: (envelope: Record<string, unknown>) => unknown = (envelope) => envelope,
): Buffer {
  const envelope = {
    schema_version: '1.0.0',
    header: { kid: kek.kid, alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP' },
    ciphertext: wrapFor(kek, target).toString('base64url'),
    generator: 'test',
  }
  return Buffer.from(JSON.stringify(change(envelope)))
}

/** Uploads a `.byok` file. */
export const upload = (twin: RunningTwin, name: string, key: string, blob: Buffer, more: Record<string, unknown> = {}): Promise<Answer> =>
  vault(twin, name, 'PUT', `/keys/${key}`, {
    Hsm: true,
    key: { kty: 'RSA-HSM', key_ops: ['wrapKey', 'unwrapKey'], key_hsm: blob.toString('base64url') },
    ...more,
  })

/** Makes a key in the vault that services can wrap with. @returns its kid, with version */
export async function wrappingKey(twin: RunningTwin, name: string, key: string, body: Record<string, unknown> = {}): Promise<string> {
  const answer = await vault(twin, name, 'POST', `/keys/${key}/create`, {
    kty: 'RSA-HSM',
    key_size: 2048,
    key_ops: ['wrapKey', 'unwrapKey'],
    ...body,
  })
  if (answer.status !== 200) throw new Error(answer.text)
  return answer.json.key.kid
}
