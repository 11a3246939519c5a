/** Keys as the data plane shows them. */
import { type Key, type KeyVersion, keyId, newest, publicPartOf, recoveryId } from './key.ts'
import type { Vault } from './vault.ts'

const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000)

/** The key bundle of a version. */
export function bundle(vault: Vault, key: Key, version: KeyVersion) {
  return {
    key: { kid: keyId(key, version), kty: version.kty, key_ops: version.operations, ...publicPartOf(version) },
    attributes: attributes(vault, version),
    ...(version.tags ? { tags: version.tags } : {}),
  }
}

/** The bundle of a key's newest version, with what the deletion added. */
export function deletedBundle(vault: Vault, key: Key) {
  return { ...deletion(key), ...bundle(vault, key, newest(key)) }
}

/** An item of the list of keys. */
export function item(vault: Vault, key: Key) {
  return { kid: keyId(key), ...shared(vault, newest(key)) }
}

/** An item of the list of a key's versions. */
export function versionItem(vault: Vault, key: Key, version: KeyVersion) {
  return { kid: keyId(key, version), ...shared(vault, version) }
}

/** An item of the list of deleted keys. */
export function deletedItem(vault: Vault, key: Key) {
  return { ...deletion(key), ...item(vault, key) }
}

function shared(vault: Vault, version: KeyVersion) {
  return { attributes: attributes(vault, version), ...(version.tags ? { tags: version.tags } : {}) }
}

function deletion(key: Key) {
  if (!key.deleted) throw new Error(`${key.name} is not deleted`)
  return { recoveryId: recoveryId(key), deletedDate: seconds(key.deleted.at), scheduledPurgeDate: seconds(key.deleted.purgeAt) }
}

function attributes(vault: Vault, version: KeyVersion) {
  return {
    enabled: version.enabled,
    ...(version.notBefore === null ? {} : { nbf: version.notBefore }),
    ...(version.expires === null ? {} : { exp: version.expires }),
    created: seconds(version.created),
    updated: seconds(version.updated),
    recoveryLevel: recoveryLevel(vault),
    recoverableDays: vault.softDeleteRetentionInDays,
    exportable: false,
    hsmPlatform: version.kty === 'RSA-HSM' ? '2' : '0',
  }
}

/** Ninety days have the plain names, fewer are "customized". */
function recoveryLevel(vault: Vault): string {
  const level = vault.softDeleteRetentionInDays === 90 ? 'Recoverable' : 'CustomizedRecoverable'
  return vault.purgeProtection ? level : `${level}+Purgeable`
}
