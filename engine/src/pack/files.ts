/** Files below a folder, and the list of their digests by which a pack is known. */
import { type Dirent, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** The file by which the launcher, and whoever checks it, knows a pack. */
export const SUMS = 'SHA256SUMS'

/** @returns what lies below the folder and is no folder, by its path in it, in no order; links are not followed */
export function pathsBelow(folder: string, part = ''): { readonly path: string; readonly entry: Dirent }[] {
  return readdirSync(join(folder, part), { withFileTypes: true }).flatMap((entry) => {
    const path = join(part, entry.name)
    return entry.isDirectory() ? pathsBelow(folder, path) : [{ path, entry }]
  })
}
