/** Azure Storage: the resource provider and the blob service over the same accounts. */
import { plantOnce } from '../plant.ts'
import type { Route, Service } from '../route.ts'
import type { Twin } from '../twin.ts'
import { accountTable } from './account.ts'
import { newAccount, storageArmRoutes } from './arm.ts'
import { dataKeysOf } from './data-keys.ts'
import { followNewestVersions } from './rotation.ts'
import { blobService } from './service.ts'

/** @returns Azure Storage with the seed's accounts, made at the first start */
export function storageOf(twin: Twin): { readonly armRoutes: Route[]; readonly blobs: Service } {
  const dataKeys = dataKeysOf(twin)
  plantOnce(twin, 'storage-accounts', () =>
    twin.seed.storageAccounts.map(({ name, resourceGroup, location, dataContributors = null }) =>
      accountTable(twin.store).put(name, { ...newAccount(twin, dataKeys, { name, group: resourceGroup, location }), dataContributors }),
    ),
  )
  followNewestVersions(twin, dataKeys)
  return { armRoutes: storageArmRoutes(twin, dataKeys), blobs: blobService(twin, dataKeys) }
}
