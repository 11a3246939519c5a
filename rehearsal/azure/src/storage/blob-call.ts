/** A call to the blob service: what its operations begin with. */
import { callerOf, Refusal, type TwinRequest } from '../route.ts'
import type { Change } from '../store.ts'
import type { Twin } from '../twin.ts'
import { VaultAccessError } from '../vault/vault-keys.ts'
import { accountTable, blobEndpoint, type StorageAccount } from './account.ts'
import { type Container, containerTable, keyOfContainer, type Metadata } from './blob.ts'
import { type DataKeys, NoIdentityError } from './data-keys.ts'

export interface BlobCall {
  readonly twin: Twin
  readonly dataKeys: DataKeys
  readonly request: TwinRequest
  readonly account: StorageAccount
}

/** @returns the account of the request's host @throws Refusal ResourceNotFound; the real service would have no such host */
export function accountOf(twin: Twin, request: TwinRequest): StorageAccount {
  const account = accountTable(twin.store).get(request.label)
  if (account) return account
  throw new Refusal(404, 'ResourceNotFound', `There is no storage account '${request.label}'; the real service would have no such host.`)
}

/**
 * @returns the key that the account's data is encrypted with
 * @throws Refusal 403 where the customer's key cannot be used
 */
export function requireDataKey({ dataKeys, account }: BlobCall): Buffer {
  try {
    return dataKeys.open(account)
  } catch (error) {
    if (error instanceof NoIdentityError) {
      const message = 'Unable to acquire an access token for Key Vault from Azure Active Directory using the identity of this resource.'
      throw new Refusal(403, 'KeyVaultAccessTokenCannotBeAcquired', message)
    }
    if (!(error instanceof VaultAccessError)) throw error
    if (error.reason === 'vault-not-found') throw new Refusal(403, 'KeyVaultVaultNotFound', 'The key vault is not found for encryption.')
    throw new Refusal(403, 'KeyVaultEncryptionKeyNotFound', 'The key vault key is not found to unwrap the encryption key.')
  }
}

/** @returns the container in the path @throws Refusal ContainerNotFound */
export function requireContainer({ twin, account, request }: BlobCall): Container {
  const container = containerTable(twin.store).get(keyOfContainer(account.name, request.params.container!))
  if (container) return container
  throw new Refusal(404, 'ContainerNotFound', 'The specified container does not exist.')
}

/** Makes a change and writes down who did what to which container or blob. */
export function commitBlob({ twin, account, request }: BlobCall, operation: string, path: string, ...changes: Change[]): void {
  const resource = `${blobEndpoint(account.name)}${path}`
  twin.store.commit({ principal: callerOf(request).objectId, operation, resource }, ...changes)
}

const METADATA = /^x-ms-meta-(.*)$/
const METADATA_LIMIT = 8192

/** @returns the metadata that the request's headers carry @throws Refusal InvalidMetadata or MetadataTooLarge */
export function metadataOf(request: TwinRequest): Metadata {
  const pairs = Object.entries(request.headers).flatMap(([header, value = '']) => {
    const name = METADATA.exec(header)?.[1]
    return name === undefined ? [] : [[name, value] as const]
  })
  if (!pairs.every(([name]) => /^[a-z_][a-z0-9_]*$/i.test(name))) {
    throw new Refusal(400, 'InvalidMetadata', 'The specified metadata is invalid. It has characters that are not permitted.')
  }
  if (pairs.reduce((size, [name, value]) => size + name.length + value.length, 0) > METADATA_LIMIT) {
    throw new Refusal(400, 'MetadataTooLarge', 'The metadata specified exceeds the maximum permissible limit (8KB).')
  }
  return Object.fromEntries(pairs)
}

/** Metadata as response headers. */
export const metadataHeaders = (metadata: Metadata): Record<string, string> =>
  Object.fromEntries(Object.entries(metadata).map(([name, value]) => [`x-ms-meta-${name}`, value]))
