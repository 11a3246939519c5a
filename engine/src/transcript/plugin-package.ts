/**
 * A plugin as the ceremony keeps it: one artifact that holds what the plugin says of itself (its actions with the schemas
 * of their inputs and outputs) and the bytes of its files. So a transcript can be checked, and its plugins run again,
 * years after anyone had them installed.
 */
import { createHash } from 'node:crypto'
import { canonicalize, parseCanonical } from './canonical.ts'
import type { PluginIdentity } from './entry.ts'

/** What a plugin says of one of its actions. */
export interface PackagedAction {
  readonly title: string
  /** JSON Schema of the inputs. */
  readonly input: Readonly<Record<string, unknown>>
  /** JSON Schema of the outputs. */
  readonly output: Readonly<Record<string, unknown>>
  readonly readsOnly: boolean
  readonly reconciles: boolean
}

export interface PackagedPlugin {
  readonly name: string
  readonly version: string
  readonly actions: Readonly<Record<string, PackagedAction>>
  /** Path below the plugin's folder -> the bytes. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** Bounds of such an artifact: a plugin is code that people can read. */
const LIMITS = { bytes: 16 * 1024 * 1024, depth: 64 }

/** @returns the artifact's bytes, the same for the same plugin */
export function packPlugin({ name, version, actions, files }: PackagedPlugin): Buffer {
  const encoded = [...files].map(([path, bytes]) => [path, Buffer.from(bytes).toString('base64')])
  return Buffer.from(canonicalize({ name, version, actions, files: Object.fromEntries(encoded) }))
}

/** @returns how the opening entry names the plugin */
export function identityOf(plugin: PackagedPlugin): PluginIdentity {
  return { version: plugin.version, sha256: digestOfFiles(plugin.files), package: sha256(packPlugin(plugin)) }
}

/**
 * Reads such an artifact.
 * @throws CanonicalError if the bytes are not canonical JSON
 * @throws Error if they are not a plugin
 */
export function unpackPlugin(bytes: Uint8Array): PackagedPlugin {
  const value = parseCanonical(bytes, LIMITS) as Record<string, unknown> | null
  const isMap = (item: unknown): item is Record<string, unknown> => typeof item === 'object' && item !== null && !Array.isArray(item)
  const { name, version, actions, files } = isMap(value) ? value : {}
  if (typeof name !== 'string' || typeof version !== 'string' || !isMap(actions) || !isMap(files)) throw new Error('not a packed plugin')
  for (const [action, about] of Object.entries(actions)) {
    if (!isMap(about) || !isMap(about.input) || !isMap(about.output)) throw new Error(`action ${action} has no schemas`)
  }
  const decoded = Object.entries(files).map(([path, text]) => [checkedPath(path), Buffer.from(String(text), 'base64')] as const)
  return { name, version, actions: actions as PackagedPlugin['actions'], files: new Map(decoded) }
}

/**
 * The digest by which a transcript names code: SHA-256, hex, over one line for each file, in the order of their paths, as
 * `sha256sum` writes it: the file's digest, two blanks, its path, a newline.
 */
export function digestOfFiles(files: ReadonlyMap<string, Uint8Array>): string {
  const lines = [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, bytes]) => `${sha256(bytes)}  ${path}\n`)
  return sha256(Buffer.from(lines.join('')))
}

/** Paths come from a file that strangers may have made, and are written to disk before a replay. */
function checkedPath(path: string): string {
  const parts = path.split('/')
  if (!/^[A-Za-z0-9@._/-]{1,200}$/.test(path) || parts.some((part) => part === '' || part === '.' || part === '..'))
    throw new Error(`${JSON.stringify(path)} is no path of a file in a plugin`)
  return path
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
