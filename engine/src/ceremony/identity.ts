/** Which code runs a ceremony. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { filesBelow, projectRoot } from '../plugin/package.ts'
import type { Opened } from '../transcript/entry.ts'
import { digestOfFiles } from '../transcript/plugin-package.ts'

/** @returns exactly which code runs this ceremony */
export function engineIdentity(): Opened['engine'] {
  const { version } = JSON.parse(readFileSync(join(projectRoot(), 'engine', 'package.json'), 'utf8')) as { version: string }
  const dependencies = createHash('sha256')
    .update(readFileSync(join(projectRoot(), 'package-lock.json')))
    .digest('hex')
  return { version, sha256: digestOfFiles(filesBelow(join(projectRoot(), 'engine'))), node: process.version, dependencies }
}
