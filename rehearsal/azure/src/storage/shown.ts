/** An account as the resource manager shows it. */
import { resourceId } from '../arm/scope.ts'
import type { Json } from '../route.ts'
import type { Twin } from '../twin.ts'
import { ACCOUNT_TYPE, blobEndpoint, type StorageAccount } from './account.ts'

export const accountId = (twin: Twin, account: StorageAccount): string => resourceId(twin, account.group, ACCOUNT_TYPE, account.name)

/** The account without its keys. */
export function shownAccount(twin: Twin, account: StorageAccount): Json {
  return {
    ...(account.identity ? { identity: account.identity } : {}),
    sku: { name: account.sku, tier: account.sku.startsWith('Premium') ? 'Premium' : 'Standard' },
    kind: 'StorageV2',
    id: accountId(twin, account),
    name: account.name,
    type: ACCOUNT_TYPE,
    location: account.location,
    tags: account.tags,
    properties: {
      accessTier: 'Hot',
      allowBlobPublicAccess: false,
      allowSharedKeyAccess: false,
      supportsHttpsTrafficOnly: true,
      minimumTlsVersion: 'TLS1_2',
      publicNetworkAccess: 'Enabled',
      creationTime: time(account.createdAt),
      encryption: shownEncryption(account),
      primaryEndpoints: { blob: blobEndpoint(account.name) },
      primaryLocation: account.location,
      statusOfPrimary: 'available',
      provisioningState: 'Succeeded',
    },
  }
}

function shownEncryption(account: StorageAccount): Json {
  const service = { keyType: 'Account', enabled: true, lastEnabledTime: time(account.createdAt) }
  const services = { blob: service, file: service }
  const { customerKey, dataKey } = account
  if (!customerKey) return { services, keySource: 'Microsoft.Storage' }
  return {
    services,
    keySource: 'Microsoft.Keyvault',
    keyvaultproperties: {
      keyvaulturi: customerKey.vaultUri,
      keyname: customerKey.name,
      keyversion: customerKey.version,
      currentVersionedKeyIdentifier: dataKey.by,
      lastKeyRotationTimestamp: time(customerKey.rotatedAt),
    },
  }
}

const time = (milliseconds: number): string => new Date(milliseconds).toISOString()
