/** All that the services share, and the services themselves. */

import { operationRoutes } from './arm/operations.ts'
import { resourceGroupChange, scopeRoutes } from './arm/scope.ts'
import { armService } from './arm/service.ts'
import type { Clock } from './clock.ts'
import { entraService } from './entra/service.ts'
import { type Tokens, tokensOf } from './entra/tokens.ts'
import { plantOnce } from './plant.ts'
import type { Service } from './route.ts'
import type { Seed } from './seed.ts'
import { sqlArmRoutes } from './sql/arm.ts'
import { storageOf } from './storage/storage.ts'
import type { Store } from './store.ts'
import { vaultArmRoutes } from './vault/arm.ts'
import { vaultService } from './vault/service.ts'
import { type VaultKeys, vaultKeysOf } from './vault/vault-keys.ts'

export interface Twin {
  readonly seed: Seed
  readonly clock: Clock
  readonly store: Store
  readonly tokens: Tokens
  /** The vaults' keys, for services that use them as their own principal. */
  readonly vaultKeys: VaultKeys
}

/** Puts the twin together; at the first start the seed's resource groups are made. */
export function openTwin(seed: Seed, clock: Clock, store: Store): Twin {
  const twin: Twin = { seed, clock, store, tokens: tokensOf(seed.tenant, store, clock), vaultKeys: vaultKeysOf(store, clock) }
  plantOnce(twin, 'resource-groups', () => seed.resourceGroups.map((group) => resourceGroupChange(twin, { ...group, tags: {} })))
  return twin
}

/** @returns the services of the twin, each at its hosts */
export function servicesOf(twin: Twin): Service[] {
  const storage = storageOf(twin)
  return [
    entraService(twin),
    armService(twin, [
      ...scopeRoutes(twin),
      ...vaultArmRoutes(twin),
      ...sqlArmRoutes(twin),
      ...storage.armRoutes,
      ...operationRoutes(twin),
    ]),
    vaultService(twin),
    storage.blobs,
  ]
}
