/** The code of the plugins that a replay runs: found by its digest, in the installation or in the ceremony's own folder. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { CeremonyError } from '../ceremony/error.ts'
import { PluginError } from '../plugin/contract.ts'
import { findPlugin, type PluginPackage, projectRoot } from '../plugin/package.ts'
import type { Opened, PluginIdentity } from '../transcript/entry.ts'
import { digestOfFiles, unpackPlugin } from '../transcript/plugin-package.ts'
import { readArtifact } from '../transcript/store.ts'

/** Where the code of a plugin came from. */
export interface CodeUsed {
  readonly version: string
  readonly sha256: string
  /** `installed`: the installed one is the recorded one; `ceremony`: unpacked from the ceremony's folder; `current`: other code than recorded. */
  readonly from: 'installed' | 'ceremony' | 'current'
}

export interface Code {
  /** Folders to look for plugins in, first match wins. */
  readonly folders: readonly string[]
  readonly used: Readonly<Record<string, CodeUsed>>
  remove(): void
}

/**
 * @param dir the ceremony's folder
 * @param installed folders of installed plugins; the project's own when left out
 * @param current run the installed plugins even where they are not the recorded ones
 * @throws CeremonyError `replay/no-code` when a plugin's code is nowhere
 */
export function codeOf(opened: Opened, dir: string, about: { installed?: readonly string[]; current: boolean }): Code {
  const used: Record<string, CodeUsed> = {}
  const unpacked = mkdtempSync(join(tmpdir(), 'ceremony-replay-'))
  const remove = (): void => rmSync(unpacked, { recursive: true, force: true })
  try {
    for (const [name, identity] of Object.entries(opened.plugins)) {
      const found = installedPlugin(name, about.installed)
      const sha256 = found && digestOfFiles(found.files)
      if (found && sha256 && (about.current || sha256 === identity.sha256)) {
        used[name] = { version: found.version, sha256, from: sha256 === identity.sha256 ? 'installed' : 'current' }
      } else {
        unpack(name, identity, dir, join(unpacked, name))
        used[name] = { version: identity.version, sha256: identity.sha256, from: 'ceremony' }
      }
    }
  } catch (error) {
    remove()
    throw error
  }
  return { folders: [unpacked, ...(about.installed ?? [join(projectRoot(), 'plugins')])], used, remove }
}

function installedPlugin(name: string, folders: readonly string[] | undefined): PluginPackage | undefined {
  try {
    return findPlugin(name, folders)
  } catch (error) {
    if (error instanceof PluginError) return undefined
    throw error
  }
}

function unpack(name: string, identity: PluginIdentity, dir: string, folder: string): void {
  const bytes = readArtifact(dir, identity.package)
  if (!bytes) {
    throw new CeremonyError('replay/no-code', `The code of plugin \`${name}\` ${identity.version} is not here.`, {
      found: 'another version installed, or none, and no package of it among the artifacts',
      expected: `code with the digest ${identity.sha256}`,
      advice: 'Give the ceremony’s whole folder, install that version, or see what the installed one would do: --with-current-plugins.',
      exitCode: 1,
    })
  }
  const { files } = unpackPlugin(bytes)
  if (digestOfFiles(files) !== identity.sha256) throw new Error(`the package of plugin ${name} holds other code than the transcript names`)
  for (const [path, content] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  // What it imports (the contract, the SDKs) is found from here as from its own place, within what it may read.
  symlinkSync(join(projectRoot(), 'node_modules'), join(folder, 'node_modules'))
}
