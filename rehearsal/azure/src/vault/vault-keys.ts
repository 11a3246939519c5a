/** The vaults' keys as another service of the cloud uses them: by its own principal, under the vault's rules. */
import { constants, createPublicKey, privateDecrypt, publicEncrypt } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Store } from '../store.ts'
import { type KeyPermission, mayConnect, mayUse } from './access.ts'
import { type Key, type KeyVersion, keyId, keyOf, keyState, parseKeyId, privateKeyOf, versionOf } from './key.ts'
import { livingVault, type Vault } from './vault.ts'

/** Why a service cannot use a key; the reasons that the data plane has, in the order in which it looks. */
export type AccessReason =
  | 'bad-kid'
  | 'vault-not-found'
  | 'firewall'
  | 'access-denied'
  | 'key-deleted'
  | 'key-not-found'
  | 'key-disabled'
  | 'key-not-yet-valid'
  | 'key-expired'
  | 'operation-not-permitted'
  | 'wrong-ciphertext'

export class VaultAccessError extends Error {
  readonly reason: AccessReason
  readonly kid: string
  /** The permission that is missing, for `access-denied`; the operation, for `operation-not-permitted`. */
  readonly permission: string | undefined

  constructor(reason: AccessReason, kid: string, permission?: string) {
    super(`${reason}: ${kid}`)
    this.reason = reason
    this.kid = kid
    this.permission = permission
  }
}

/** What a service looks at before it takes a key into use. */
export interface KeyFacts {
  /** With the version, also where the one asked for had none. */
  readonly kid: string
  readonly vault: string
  readonly vaultUri: string
  readonly location: string
  readonly purgeProtection: boolean
  readonly softDeleteRetentionInDays: number
  readonly name: string
  readonly version: string
  readonly kty: string
  readonly bits: number
  readonly operations: readonly string[]
}

/**
 * A `kid` without a version means the newest one. All of it is synchronous, and throws VaultAccessError.
 */
export interface VaultKeys {
  /** Needs the permission `get`. */
  describe(principalId: string, kid: string): KeyFacts
  /** RSA-OAEP-256; needs `wrapKey`. @returns the kid, with version, that `unwrap` will need */
  wrap(principalId: string, kid: string, bytes: Uint8Array): { kid: string; bytes: Buffer }
  /** Needs `unwrapKey`. */
  unwrap(principalId: string, kid: string, bytes: Uint8Array): Buffer
  /** Throws as `unwrap` would, without the work. */
  requireUnwrap(principalId: string, kid: string): void
}

const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }

/** @returns the keys of all vaults in the store */
export function vaultKeysOf(store: Store, clock: Clock): VaultKeys {
  const find = (principalId: string, kid: string, permission: KeyPermission): { vault: Vault; key: Key; version: KeyVersion } => {
    const refuse = (reason: AccessReason): VaultAccessError => new VaultAccessError(reason, kid, permission)
    const id = parseKeyId(kid)
    if (!id) throw refuse('bad-kid')
    const vault = livingVault(store, id.vault)
    if (!vault) throw refuse('vault-not-found')
    if (!mayConnect(vault, 'azure-service')) throw refuse('firewall')
    if (!mayUse(vault, principalId, permission)) throw refuse('access-denied')
    const key = keyOf(store, id.vault, id.name)
    const state = keyState(key, clock.now())
    if (state === 'being-deleted' || state === 'deleted') throw refuse('key-deleted')
    const version = key && state === 'active' ? versionOf(key, id.version) : undefined
    if (!key || !version) throw refuse('key-not-found')
    if (permission !== 'get') requireUsable(version, permission, refuse)
    return { vault, key, version }
  }
  const requireUsable = (version: KeyVersion, operation: string, refuse: (reason: AccessReason) => VaultAccessError): void => {
    const now = clock.now() / 1000
    if (!version.enabled) throw refuse('key-disabled')
    if (version.notBefore !== null && now < version.notBefore) throw refuse('key-not-yet-valid')
    if (version.expires !== null && now >= version.expires && operation === 'wrapKey') throw refuse('key-expired')
    if (!version.operations.includes(operation)) throw refuse('operation-not-permitted')
  }
  return {
    describe(principalId, kid) {
      const { vault, key, version } = find(principalId, kid, 'get')
      return {
        kid: keyId(key, version),
        vault: vault.name,
        vaultUri: new URL('/', keyId(key)).href,
        location: vault.location,
        purgeProtection: vault.purgeProtection,
        softDeleteRetentionInDays: vault.softDeleteRetentionInDays,
        name: key.name,
        version: version.id,
        kty: version.kty,
        bits: version.bits,
        operations: version.operations,
      }
    },
    wrap(principalId, kid, bytes) {
      const { key, version } = find(principalId, kid, 'wrapKey')
      return { kid: keyId(key, version), bytes: publicEncrypt({ key: createPublicKey(privateKeyOf(version)), ...OAEP }, bytes) }
    },
    unwrap(principalId, kid, bytes) {
      const { version } = find(principalId, kid, 'unwrapKey')
      try {
        return privateDecrypt({ key: privateKeyOf(version), ...OAEP }, bytes)
      } catch {
        throw new VaultAccessError('wrong-ciphertext', kid, 'unwrapKey')
      }
    },
    requireUnwrap(principalId, kid) {
      find(principalId, kid, 'unwrapKey')
    },
  }
}
