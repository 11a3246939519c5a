/** A key as the twin keeps it: versions, and where it stands between life and purge. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { VAULT_SUFFIX } from '../hosts.ts'
import type { Json } from '../route.ts'
import type { Store, Table } from '../store.ts'
import { DAY_MS, type Vault } from './vault.ts'

export interface KeyVersion {
  readonly id: string
  readonly kty: 'RSA' | 'RSA-HSM'
  readonly bits: number
  readonly operations: readonly string[]
  readonly enabled: boolean
  /** Seconds since 1970, or null. */
  readonly notBefore: number | null
  readonly expires: number | null
  readonly created: number
  readonly updated: number
  readonly tags: Json | null
  /** PKCS#8, base64. */
  readonly privateKey: string
}

export interface Key {
  readonly vault: string
  readonly name: string
  /** Oldest first. */
  readonly versions: readonly KeyVersion[]
  readonly deleted: { readonly at: number; readonly purgeAt: number } | null
  /** When it was last recovered. */
  readonly recoveredAt: number | null
}

export type KeyState = 'active' | 'being-deleted' | 'deleted' | 'being-recovered' | 'gone'

/** Deleting and recovering take a while to settle, so clients have to poll. */
const SETTLES_MS = 3000

/** Keys by `vault/name`, both in lower case, deleted ones among them. */
export const keyTable = (store: Store): Table<Key> => store.table<Key>('keys')
export const keyOf = (store: Store, vault: string, name: string): Key | undefined =>
  keyTable(store).get(`${vault.toLowerCase()}/${name.toLowerCase()}`)
export const putKey = (store: Store, key: Key) => keyTable(store).put(`${key.vault.toLowerCase()}/${key.name.toLowerCase()}`, key)

export function keyState(key: Key | undefined, now: number): KeyState {
  if (!key) return 'gone'
  if (key.deleted) {
    if (now >= key.deleted.purgeAt) return 'gone'
    return now < key.deleted.at + SETTLES_MS ? 'being-deleted' : 'deleted'
  }
  return key.recoveredAt !== null && now < key.recoveredAt + SETTLES_MS ? 'being-recovered' : 'active'
}

export function deleteKey(key: Key, vault: Vault, now: number): Key {
  return { ...key, deleted: { at: now, purgeAt: now + vault.softDeleteRetentionInDays * DAY_MS } }
}

export const newest = (key: Key): KeyVersion => key.versions.at(-1)!
export const versionOf = (key: Key, id: string): KeyVersion | undefined =>
  id === '' ? newest(key) : key.versions.find((version) => version.id === id.toLowerCase())

const vaultOrigin = (vault: string): string => `https://${vault.toLowerCase()}.${VAULT_SUFFIX}`
export const keyId = (key: Key, version?: KeyVersion): string =>
  `${vaultOrigin(key.vault)}/keys/${key.name}${version ? `/${version.id}` : ''}`
export const recoveryId = (key: Key): string => `${vaultOrigin(key.vault)}/deletedkeys/${key.name}`

/**
 * Takes a key identifier apart.
 * @returns undefined for what is not the URL of a key in a vault of this cloud; `version` is '' where there is none
 */
export function parseKeyId(text: string): { vault: string; name: string; version: string } | undefined {
  const host = VAULT_SUFFIX.replaceAll('.', '\\.')
  const pattern = new RegExp(`^https://([a-z0-9-]{3,24})\\.${host}(?::443)?/keys/([0-9a-z-]{1,127})(?:/([0-9a-f]{32}))?/?$`, 'i')
  const [, vault, name, version = ''] = pattern.exec(text) ?? []
  return vault && name ? { vault: vault.toLowerCase(), name, version } : undefined
}

export function privateKeyOf(version: KeyVersion): KeyObject {
  return createPrivateKey({ key: Buffer.from(version.privateKey, 'base64'), type: 'pkcs8', format: 'der' })
}

/** @returns modulus and exponent, base64url */
export function publicPartOf(version: KeyVersion): { n: string; e: string } {
  const { n, e } = createPublicKey(privateKeyOf(version)).export({ format: 'jwk' })
  return { n: n!, e: e! }
}
