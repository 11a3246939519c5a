/** The module: what it is, and the mode it is in. */
import { readFileSync } from 'node:fs'
import { readJson, writeJson } from './files.ts'
import { ToolError } from './tool-error.ts'
import type { Twin } from './twin.ts'

export type Mode = 'operational' | 'initialization' | 'maintenance'

export interface Module {
  readonly esn: string
  /** An Edge changes mode by a switch on its case only; a Solo by command. */
  readonly model: 'edge' | 'solo'
  readonly mode: Mode
  readonly firmware: string
  readonly software: string
}

/** @throws ToolError when new-rack has not set it up */
export function readModule(twin: Twin): Module {
  const module = readJson<Module>(twin.module)
  if (!module) throw new ToolError(`no module is set up in ${twin.folder}; bin/new-rack does that`)
  return module
}

export function setMode(twin: Twin, mode: Mode): void {
  writeJson(twin.module, { ...readModule(twin), mode })
}

/** @throws ToolError when the module is in another mode */
export function requireMode(twin: Twin, mode: Mode): Module {
  const module = readModule(twin)
  if (module.mode !== mode) throw new ToolError(`module #1 is in ${module.mode} mode; this needs ${mode} mode`)
  return module
}

/** @returns the world's key that the module keeps in its tamper protection */
export function readModuleKey(twin: Twin): Buffer {
  return Buffer.from(readFileSync(twin.moduleKey, 'utf8'), 'base64')
}
