/** A key as a vault shows it, reduced to what a ceremony compares. */
import { createHash } from 'node:crypto'
import type { KeyVaultKey } from '@azure/keyvault-keys'
import { type Context, PluginError } from '@ceremony/engine/plugin'
import { keysOf } from './clients.ts'
import { refusedOf, serviceError } from './service-error.ts'

export interface KeyView {
  readonly kid: string
  readonly kty: string
  readonly n: string
  readonly e: string
  readonly bits: 2048 | 3072 | 4096
  readonly modulus_sha256: string
  readonly enabled: boolean
  readonly recovery_level: string
  readonly operations: string[]
  readonly tags: Readonly<Record<string, string>>
}

/**
 * @returns what matters of a key
 * @throws PluginError `azure-vault/not-rsa` for anything but an RSA key of a usual size
 */
export function viewOf(key: KeyVaultKey): KeyView {
  const { n, e } = key.key ?? {}
  const modulus = Buffer.from(n ?? []).subarray((n ?? []).findIndex((byte) => byte !== 0))
  const bits = modulus.length * 8
  if (!key.id || !n || !e || (modulus[0] ?? 0) < 0x80 || (bits !== 2048 && bits !== 3072 && bits !== 4096)) {
    throw new PluginError('azure-vault/not-rsa', `The vault’s key \`${key.name}\` is not an RSA key of 2048, 3072 or 4096 bits.`, {
      found: `key type ${key.keyType ?? 'unknown'}, ${n ? `${bits} bits` : 'no modulus'}`,
      expected: 'an RSA or RSA-HSM key with a modulus and an exponent',
      changed: 'unknown',
      advice: 'Look at the key in the portal: is it the one this ceremony made?',
    })
  }
  return {
    kid: key.id,
    kty: key.keyType ?? '',
    n: modulus.toString('base64url'),
    e: Buffer.from(e).toString('base64url'),
    bits,
    modulus_sha256: createHash('sha256').update(modulus).digest('hex'),
    enabled: key.properties.enabled ?? false,
    recovery_level: key.properties.recoveryLevel ?? 'unknown',
    operations: [...(key.keyOperations ?? [])],
    tags: key.properties.tags ?? {},
  }
}

/**
 * Reads the newest version of a key.
 * @returns undefined where there is no such key (or it is deleted)
 * @throws PluginError `azure-vault/refused`, `azure-vault/no-answer`, `azure-vault/not-rsa`
 */
export async function findKey(vault: string, name: string, context: Context): Promise<KeyView | undefined> {
  const keys = await keysOf(vault, context)
  try {
    return viewOf(await keys.getKey(name))
  } catch (error) {
    if (refusedOf(error)?.code === 'KeyNotFound') return undefined
    throw serviceError(error, `show key \`${name}\` of ${vault}`, 'Check the vault’s address and who may read its keys.')
  }
}

/** Like findKey, but the key must be there. @throws PluginError `azure-vault/no-key` */
export async function requireKey(vault: string, name: string, context: Context): Promise<KeyView> {
  const found = await findKey(vault, name, context)
  if (found) return found
  throw new PluginError('azure-vault/no-key', `There is no key \`${name}\` in ${vault}.`, {
    found: 'no such key, or a deleted one',
    expected: `a key named ${name}`,
    changed: 'nothing',
    advice: 'Check the name and the vault; if the key was deleted, recover it.',
  })
}

/** @returns whether both lists hold the same operations, in whatever order */
export function sameOperations(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name))
}
