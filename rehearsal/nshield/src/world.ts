/**
 * The security world: its description among the host's key data. Its key is in the module, and in the world file under the secret
 * of the administrator cards, so that a set of cards opens the world files that were written for it and no others.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readJson, writeDurably, writeJson } from './files.ts'
import { readModuleKey } from './module.ts'
import type { Quorum } from './secret-split.ts'
import type { Twin } from './twin.ts'

export interface World {
  readonly hknso: string
  /** Hash of the secret that the administrator cards share: it tells this set of cards from those before it. */
  readonly hkltnso: string
  /** The world's key, sealed under that secret. */
  readonly sealedKey: Sealed
  readonly hkm: string
  readonly quorum: Quorum
  readonly cipherSuite: string
  readonly mode: 'unrestricted' | 'fips-140-level-3'
  readonly created: string
}

interface Sealed {
  readonly nonce: string
  readonly tag: string
  readonly key: string
}

const fileOf = (twin: Twin): string => join(twin.keyData, 'world')

export function readWorld(twin: Twin): World | undefined {
  return readJson<World>(fileOf(twin))
}

/** @returns a hash, of the length nShield prints, of what is derived from a secret for one purpose */
export function hashOf(secret: Uint8Array, purpose: string): string {
  const derived = hkdfSync('sha256', secret, '', `nshield twin ${purpose}`, 32)
  return createHash('sha1').update(Buffer.from(derived)).digest('hex')
}

/**
 * Writes a new world down: first into the module, last the file that makes it exist.
 * @param secret what the administrator cards share
 */
export function createWorld(
  twin: Twin,
  esn: string,
  key: Uint8Array,
  secret: Uint8Array,
  about: Pick<World, 'quorum' | 'cipherSuite' | 'mode' | 'created'>,
): World {
  const hknso = hashOf(key, 'hknso')
  const world: World = {
    hknso,
    hkm: hashOf(key, 'hkm'),
    hkltnso: hashOf(secret, 'hkltnso'),
    sealedKey: sealKey(key, secret, hknso),
    ...about,
  }
  programModule(twin, esn, world, key)
  writeJson(fileOf(twin), world)
  return world
}

/** Puts the world's key into the module. */
export function programModule(twin: Twin, esn: string, { hkm }: World, key: Uint8Array): void {
  writeDurably(twin.moduleKey, `${Buffer.from(key).toString('base64')}\n`)
  writeJson(join(twin.keyData, `module_${esn}`), { esn, hkm })
}

/** Puts the world under the secret of new administrator cards, in one write: until then the old cards are in force. */
export function replaceSecret(twin: Twin, world: World, key: Uint8Array, secret: Uint8Array): void {
  writeJson(fileOf(twin), { ...world, hkltnso: hashOf(secret, 'hkltnso'), sealedKey: sealKey(key, secret, world.hknso) })
}

/** @returns the world's key, or undefined if the secret is not that of the cards that the file was written for */
export function openWorld({ sealedKey, hknso }: World, secret: Uint8Array): Buffer | undefined {
  const bytes = (text: string): Buffer => Buffer.from(text, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', sealingKey(secret), bytes(sealedKey.nonce))
  decipher.setAAD(Buffer.from(hknso)).setAuthTag(bytes(sealedKey.tag))
  try {
    return Buffer.concat([decipher.update(bytes(sealedKey.key)), decipher.final()])
  } catch {
    return undefined
  }
}

function sealKey(key: Uint8Array, secret: Uint8Array, hknso: string): Sealed {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', sealingKey(secret), nonce).setAAD(Buffer.from(hknso))
  const sealed = Buffer.concat([cipher.update(key), cipher.final()])
  const text = (bytes: Buffer): string => bytes.toString('base64')
  return { nonce: text(nonce), tag: text(cipher.getAuthTag()), key: text(sealed) }
}

function sealingKey(secret: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'nshield twin world', 32))
}

/** @returns whether the module holds this world's key */
export function isUsable(twin: Twin, world: World): boolean {
  return existsSync(twin.moduleKey) && hashOf(readModuleKey(twin), 'hkm') === world.hkm
}
