/** Where the twin keeps what a module, its host and a rack of cards would hold. */
import { isAbsolute, join } from 'node:path'
import { ToolError } from './tool-error.ts'

export interface Twin {
  /** The module itself: mode, serial number, versions. */
  readonly module: string
  /** The module's own copy of the world's key, inside its tamper protection. */
  readonly moduleKey: string
  /** The host's key management data: world, module_…, cards_…. */
  readonly keyData: string
  readonly rack: string
  readonly slot: string
  readonly offered: string
  readonly softhsmConfiguration: string
  readonly tokens: string
  readonly initToken: string
  readonly effects: string
  readonly folder: string
}

/**
 * @returns the places in the folder, by default the one that NSHIELD_TWIN names
 * @throws ToolError when it names none
 */
export function openTwin(folder = process.env.NSHIELD_TWIN): Twin {
  if (!folder) throw new ToolError('NSHIELD_TWIN does not name a folder; bin/new-rack makes one')
  const root = isAbsolute(folder) ? folder : join(process.cwd(), folder)
  return {
    folder: root,
    module: join(root, 'module.json'),
    moduleKey: join(root, 'module-key'),
    keyData: join(root, 'kmdata', 'local'),
    rack: join(root, 'rack'),
    slot: join(root, 'slot.json'),
    offered: join(root, 'offered.json'),
    softhsmConfiguration: join(root, 'softhsm2.conf'),
    tokens: join(root, 'tokens'),
    initToken: join(root, 'init-token'),
    effects: join(root, 'effects.jsonl'),
  }
}
