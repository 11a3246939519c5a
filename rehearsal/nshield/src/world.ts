/** The security world: its description among the host's key data. Its key is on the cards and in the module only. */
import { createHash, hkdfSync } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readJson, writeDurably, writeJson } from './files.ts'
import { readModuleKey } from './module.ts'
import type { Quorum } from './secret-split.ts'
import type { Twin } from './twin.ts'

export interface World {
  readonly hknso: string
  readonly hkm: string
  readonly quorum: Quorum
  readonly cipherSuite: string
  readonly mode: 'unrestricted' | 'fips-140-level-3'
  readonly created: string
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

/** Writes a new world down: first into the module, last the file that makes it exist. */
export function createWorld(twin: Twin, esn: string, key: Uint8Array, about: Omit<World, 'hknso' | 'hkm'>): World {
  const world: World = { hknso: hashOf(key, 'hknso'), hkm: hashOf(key, 'hkm'), ...about }
  writeDurably(twin.moduleKey, `${Buffer.from(key).toString('base64')}\n`)
  writeJson(join(twin.keyData, `module_${esn}`), { esn, hkm: world.hkm })
  writeJson(fileOf(twin), world)
  return world
}

/** @returns whether the module holds this world's key */
export function isUsable(twin: Twin, world: World): boolean {
  return existsSync(twin.moduleKey) && hashOf(readModuleKey(twin), 'hkm') === world.hkm
}
