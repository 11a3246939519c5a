/** A vault as the twin keeps it. */
import { VAULT_SUFFIX } from '../hosts.ts'
import type { Json } from '../route.ts'
import type { Store, Table } from '../store.ts'

export interface AccessPolicy {
  readonly tenantId: string
  readonly objectId: string
  readonly permissions: {
    readonly keys: readonly string[]
    readonly secrets: readonly string[]
    readonly certificates: readonly string[]
    readonly storage: readonly string[]
  }
}

export interface NetworkRules {
  readonly bypass: 'AzureServices' | 'None'
  readonly defaultAction: 'Allow' | 'Deny'
  readonly ipRules: readonly { readonly value: string }[]
  readonly virtualNetworkRules: readonly Json[]
}

export interface Vault {
  readonly name: string
  readonly group: string
  readonly location: string
  readonly tags: Json
  readonly tenantId: string
  readonly sku: 'standard' | 'premium'
  readonly softDeleteRetentionInDays: number
  /** Once true, true for ever. */
  readonly purgeProtection: boolean
  readonly rbac: boolean
  readonly accessPolicies: readonly AccessPolicy[]
  readonly networkAcls: NetworkRules | null
  readonly publicNetworkAccess: 'Enabled' | 'Disabled'
  readonly flags: { readonly deployment: boolean; readonly diskEncryption: boolean; readonly templateDeployment: boolean }
  readonly createdAt: number
  /** When it was deleted, and when it will be gone for good; null while it lives. */
  readonly deleted: { readonly at: number; readonly purgeAt: number } | null
}

export const VAULT_TYPE = 'Microsoft.KeyVault/vaults'
export const DAY_MS = 24 * 3600 * 1000

/** Vaults by lower-case name, deleted ones among them: their names stay taken. */
export const vaultTable = (store: Store): Table<Vault> => store.table<Vault>('vaults')

/** @returns the vault of that name unless it is deleted or was never there */
export function livingVault(store: Store, name: string): Vault | undefined {
  const vault = vaultTable(store).get(name.toLowerCase())
  return vault?.deleted ? undefined : vault
}

/** @returns the deleted vault of that name until its retention is over */
export function deletedVault(store: Store, name: string, now: number): Vault | undefined {
  const vault = vaultTable(store).get(name.toLowerCase())
  return vault?.deleted && now < vault.deleted.purgeAt ? vault : undefined
}

export const vaultUri = (name: string): string => `https://${name.toLowerCase()}.${VAULT_SUFFIX}/`
