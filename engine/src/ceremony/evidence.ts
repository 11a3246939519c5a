/** What a station shows of itself when a ceremony comes to it. */
import { readFileSync } from 'node:fs'
import { arch, hostname, networkInterfaces, release, type } from 'node:os'

export interface Evidence {
  readonly host: string
  readonly system: string
  readonly node: string
  /** Machine's own clock, RFC 3339; in a rehearsal it differs from the ceremony's. */
  readonly machine_clock: string
  /** Interfaces with an address beyond the machine itself; names and addresses. */
  readonly network: readonly { readonly interface: string; readonly addresses: readonly string[] }[]
  /** Whether the kernel has a default route. */
  readonly default_route: boolean
}

/** Looks at this machine. Reads only. */
export function stationEvidence(): Evidence {
  const network = Object.entries(networkInterfaces()).flatMap(([name, addresses]) => {
    const outside = (addresses ?? []).filter((address) => !address.internal).map((address) => address.cidr ?? address.address)
    return outside.length > 0 ? [{ interface: name, addresses: outside.sort() }] : []
  })
  return {
    host: hostname(),
    system: `${type()} ${release()} ${arch()}`,
    node: process.version,
    machine_clock: new Date().toISOString(),
    network: network.sort((a, b) => (a.interface < b.interface ? -1 : 1)),
    default_route: hasDefaultRoute(),
  }
}

/** @returns what speaks against `network: none`, in words; undefined when the station is cut off as it should be */
export function networkFound(evidence: Evidence): string | undefined {
  const up = evidence.network.map((item) => `${item.interface} (${item.addresses.join(', ')})`)
  if (evidence.default_route) up.push('a default route')
  return up.length > 0 ? up.join(', ') : undefined
}

function hasDefaultRoute(): boolean {
  try {
    const routes = readFileSync('/proc/net/route', 'utf8').split('\n').slice(1)
    return routes.some((line) => line.split('\t')[1] === '00000000')
  } catch {
    return false
  }
}
