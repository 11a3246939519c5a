/**
 * What a station shows of itself when a ceremony comes to it. Of the HSM it shows the digests of the vendor's programs and
 * library; serial number and firmware come from the HSM itself, by the step that asks it (`hsm-ncipher/module-state`), and
 * are signed with that step's outcome: the engine knows no vendor's tools.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { arch, hostname, release, type } from 'node:os'
import { join } from 'node:path'
import { digestOfFiles } from '../transcript/plugin-package.ts'
import { engineIdentity } from './identity.ts'
import { interfacesUp, leadsEverywhere, type NetworkInterface, type Route, routesOut } from './network.ts'
import type { Setup } from './setup-file.ts'

export interface Evidence {
  readonly host: string
  readonly system: string
  readonly software: {
    readonly node: string
    /** SHA-256 of the program that runs this. */
    readonly node_sha256: string
    /** As in the opening entry, of the code on this station. */
    readonly engine_sha256: string
    readonly dependencies: string
    /** Of the vendor's programs and library; null at a station without an HSM. */
    readonly hsm_tools_sha256: string | null
    readonly hsm_library_sha256: string | null
  }
  readonly clock: {
    /** Machine's own clock, RFC 3339; in a rehearsal it differs from the ceremony's. */
    readonly machine: string
    /** Milliseconds of the ceremony's clock since the last entry; negative if this station's clock is behind. */
    readonly since_last_entry: number
  }
  /** File systems that make inodes as they are needed count none. */
  readonly disk: { readonly free_bytes: number; readonly free_inodes: number | null }
  /** Interfaces that lead beyond the machine itself. */
  readonly network: readonly NetworkInterface[]
  readonly routes: readonly Route[]
  /** Whether the kernel has a default route, of IPv4 or IPv6. */
  readonly default_route: boolean
}

/**
 * Looks at this machine. Reads only.
 * @param now of the ceremony's clock, like `lastTime`
 */
export function stationEvidence(dir: string, setup: Setup, now: number, lastTime: number): Evidence {
  const routes = routesOut()
  const { sha256, dependencies } = engineIdentity()
  return {
    host: hostname(),
    system: `${type()} ${release()} ${arch()}`,
    software: {
      node: process.version,
      node_sha256: digestOfNode(),
      engine_sha256: sha256,
      dependencies,
      hsm_tools_sha256: setup.hsm && digestOfTools(setup.hsm.tools),
      hsm_library_sha256: setup.hsm && existsSync(setup.hsm.library) ? digestOf(setup.hsm.library) : null,
    },
    clock: { machine: new Date().toISOString(), since_last_entry: now - lastTime },
    disk: freeSpace(dir),
    network: interfacesUp(),
    routes,
    default_route: routes.some(leadsEverywhere),
  }
}

/** @returns what speaks against `network: none`, in words; undefined when the station is cut off as it should be */
export function networkFound({ network, default_route }: Pick<Evidence, 'network' | 'default_route'>): string | undefined {
  const up = network.map((item) => `${item.interface} (${item.addresses.join(', ') || 'a cable, no address'})`)
  if (default_route) up.push('a default route')
  return up.length > 0 ? up.join(', ') : undefined
}

/** @returns what is left on the disk that holds a folder */
export function freeSpace(dir: string): Evidence['disk'] {
  const { bavail, bsize, files, ffree } = statfsSync(dir)
  return { free_bytes: bavail * bsize, free_inodes: files === 0 ? null : ffree }
}

function digestOfTools(folder: string): string | null {
  if (!existsSync(folder)) return null
  const files = readdirSync(folder).filter((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isFile())
  return digestOfFiles(new Map(files.map((name) => [name, readFileSync(join(folder, name))])))
}

let ofNode: string | undefined
/** It is large, and stays the same while it runs. */
function digestOfNode(): string {
  ofNode ??= digestOf(process.execPath)
  return ofNode
}

function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}
