/** Finds plugins on disk and reads their files, so that the transcript can say exactly which code ran. */
import { readdirSync, readFileSync, realpathSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PluginError } from './contract.ts'

export interface PluginPackage {
  readonly name: string
  readonly version: string
  readonly folder: string
  /** The module with the default export. */
  readonly entry: string
  /** Path below the folder -> bytes: all of the package's own files. */
  readonly files: ReadonlyMap<string, Buffer>
  /** The folders its process may read. */
  readonly readable: readonly string[]
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const SKIPPED = new Set(['node_modules', '.git'])

/** @returns the folder that holds the engine, `plugins/` and `node_modules/` */
export function projectRoot(): string {
  return ROOT
}

/**
 * @param name the plugin's name, which is its folder's name
 * @param folders where to look, first match wins; the project's own `plugins/` by default
 * @throws PluginError `plugin/not-found` or `plugin/not-a-plugin`
 */
export function findPlugin(name: string, folders: readonly string[] = [join(ROOT, 'plugins')]): PluginPackage {
  for (const parent of folders) {
    const folder = join(parent, name)
    let text: string
    try {
      text = readFileSync(join(folder, 'package.json'), 'utf8')
    } catch {
      continue
    }
    const about = JSON.parse(text) as { version?: unknown; ceremony?: { plugin?: unknown } }
    if (typeof about.version !== 'string' || typeof about.ceremony?.plugin !== 'string') {
      throw new PluginError('plugin/not-a-plugin', `${join(folder, 'package.json')} does not describe a plugin.`, {
        found: 'no "version" or no "ceremony": { "plugin": … }',
        expected: '"ceremony": { "plugin": "./src/index.ts" } and a semantic version',
        changed: 'nothing',
        advice: 'Add both to the package.json of the plugin.',
      })
    }
    return {
      name,
      version: about.version,
      folder,
      entry: join(realpathSync(folder), about.ceremony.plugin),
      files: filesBelow(folder),
      readable: [folder, join(ROOT, 'engine'), join(ROOT, 'node_modules')],
    }
  }
  throw new PluginError('plugin/not-found', `There is no plugin named \`${name}\`.`, {
    found: `nothing in ${folders.join(', ')}`,
    expected: 'a folder of that name with a package.json',
    changed: 'nothing',
    advice: 'Check the spelling under `plugins:` in the runbook, or install the plugin.',
  })
}

/** @returns the files below the folder, by their paths in it; dependencies and version control left out */
export function filesBelow(folder: string): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>()
  const walk = (place: string): void => {
    for (const entry of readdirSync(place, { withFileTypes: true })) {
      if (SKIPPED.has(entry.name)) continue
      const path = join(place, entry.name)
      if (entry.isDirectory()) walk(path)
      else if (entry.isFile()) files.set(relative(folder, path), readFileSync(path))
    }
  }
  walk(folder)
  return files
}
