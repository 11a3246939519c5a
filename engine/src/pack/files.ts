/** Files below a folder, and the list of their digests by which a pack is known. */
import { createHash } from 'node:crypto'
import { type Dirent, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The file by which the launcher, and whoever checks it, knows a pack. */
export const SUMS = 'SHA256SUMS'

/** @returns SHA-256 of the file, hex, as SUMS lists it */
export function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}

/** @returns what lies below the folder and is no folder, by its path in it, in no order; links are not followed */
export function pathsBelow(folder: string, part = ''): { readonly path: string; readonly entry: Dirent }[] {
  return readdirSync(join(folder, part), { withFileTypes: true }).flatMap((entry) => {
    const path = join(part, entry.name)
    return entry.isDirectory() ? pathsBelow(folder, path) : [{ path, entry }]
  })
}
