/** A storage account as the twin keeps it. */
import type { Identity } from '../arm/identity.ts'
import { BLOB_SUFFIX } from '../hosts.ts'
import type { Json } from '../route.ts'
import type { Store, Table } from '../store.ts'

export interface StorageAccount {
  readonly name: string
  readonly group: string
  readonly location: string
  readonly tags: Json
  readonly sku: string
  /** Object ids that may use the blobs (role Storage Blob Data Contributor); null where the seed does not say, and everybody may. */
  readonly dataContributors: readonly string[] | null
  readonly identity: Identity | null
  readonly customerKey: CustomerKey | null
  readonly dataKey: WrappedDataKey
  readonly createdAt: number
}

/** The vault's key that the account is under, as its owner named it. */
export interface CustomerKey {
  readonly vaultUri: string
  readonly name: string
  /** '' where the newest version is followed. */
  readonly version: string
  /** When the data key was last wrapped by it. */
  readonly rotatedAt: number
}

/** The key that the account's data is encrypted with. It never changes; what changes is who can unwrap it. */
export interface WrappedDataKey {
  /** The vault key's identifier with its version; null for the service's own key. */
  readonly by: string | null
  /** base64 */
  readonly bytes: string
}

export const STORAGE_NAMESPACE = 'Microsoft.Storage'
export const ACCOUNT_TYPE = `${STORAGE_NAMESPACE}/storageAccounts`

/** Accounts by name, which is in lower case. */
export const accountTable = (store: Store): Table<StorageAccount> => store.table<StorageAccount>('storage-accounts')

/** @returns the key's identifier, without a version where the newest is followed */
export function customerKeyId({ vaultUri, name, version }: Pick<CustomerKey, 'vaultUri' | 'name' | 'version'>): string {
  return `${new URL(vaultUri).origin}/keys/${name}${version === '' ? '' : `/${version}`}`
}

export const blobEndpoint = (account: string): string => `https://${account}.${BLOB_SUFFIX}/`
