/** A private folder that lives as long as one step, and the variables that vendor programs and libraries get. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PluginError } from '../plugin/contract.ts'
import type { HsmSetup } from './setup.ts'

const MARK = '{scratch}'

export interface Scratch {
  /** Puts the real path in the place of `{scratch}`; the folder is made on first use. */
  fill(text: string): string
  /** The other way round, for what programs print: the real path means nothing to an auditor. */
  hide(text: string): string
  remove(): void
}

/** A scratch folder in memory where there is one (`/dev/shm`), readable by this user only. */
export function makeScratch(): Scratch {
  let folder: string | undefined
  const real = (): string => {
    folder ??= mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'ceremony-'))
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return folder
  }
  return {
    fill: (text) => (text.includes(MARK) ? text.replaceAll(MARK, real()) : text),
    hide: (text) => (folder === undefined ? text : text.replaceAll(folder, MARK)),
    remove: () => {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
    },
  }
}

/**
 * @returns the setup's variables and those the plugin adds
 * @throws PluginError `command/environment` when the plugin names a variable that is none of the vendor's
 */
export function vendorEnvironment(
  hsm: HsmSetup,
  added: Readonly<Record<string, string>> | undefined,
  scratch: Scratch,
): Record<string, string> {
  const filled = Object.entries(added ?? {}).map(([name, value]) => {
    if (!/^(NFAST|CKNFAST)_[A-Z0-9_]+$/.test(name)) {
      throw new PluginError('command/environment', `The plugin may not set the variable \`${name}\`.`, {
        found: name,
        expected: 'a variable of the nShield software, NFAST_… or CKNFAST_…',
        changed: 'nothing',
        advice: 'Set other variables in the setup, under `hsm.environment`.',
      })
    }
    return [name, scratch.fill(value)]
  })
  return { ...hsm.environment, ...Object.fromEntries(filled) }
}
