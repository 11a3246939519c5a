/** What this machine's kernel says of networks: interfaces that are up, and where they lead. Linux; reads only. */
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'

export interface NetworkInterface {
  readonly interface: string
  /** CIDR, sorted; none for an interface that is up with a cable in it, and has no address yet. */
  readonly addresses: readonly string[]
}
export interface Route {
  readonly interface: string
  /** CIDR. */
  readonly destination: string
}

const IFF_UP = 0x1
const RTF_REJECT = 0x200
const LOOPBACK = 'lo'

/** @returns the interfaces that lead beyond the machine */
export function interfacesUp(): NetworkInterface[] {
  const found = new Map<string, string[]>(interfacesWithCarrier().map((name) => [name, []]))
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    const outside = (addresses ?? []).filter((address) => !address.internal).map((address) => address.cidr ?? address.address)
    if (outside.length > 0) found.set(name, outside.sort())
  }
  return [...found].map(([name, addresses]) => ({ interface: name, addresses })).sort((a, b) => (a.interface < b.interface ? -1 : 1))
}

/** @returns the routes that lead beyond the machine, of IPv4 and IPv6 */
export function routesOut(): Route[] {
  const four = linesOf('/proc/net/route').slice(1).map(routeOfIPv4)
  const six = linesOf('/proc/net/ipv6_route').map(routeOfIPv6)
  return [...four, ...six].filter((route) => route !== undefined).sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1))
}

/** @returns whether a route leads everywhere */
export function leadsEverywhere({ destination }: Route): boolean {
  return destination.endsWith('/0')
}

const textOf = (route: Route): string => `${route.interface} ${route.destination}`

/** Those of this process's own network namespace that are up and have a cable, or a radio that is connected. */
function interfacesWithCarrier(): string[] {
  const names = linesOf('/proc/net/dev')
    .slice(2)
    .map((line) => line.slice(0, line.indexOf(':')).trim())
  return names.filter((name) => {
    const about = (what: string): string => textIfThere(`/sys/class/net/${name}/${what}`).trim()
    return name !== LOOPBACK && (Number(about('flags')) & IFF_UP) !== 0 && about('carrier') === '1'
  })
}

/** proc(5): interface, destination, gateway, flags, …, mask as the eighth; addresses in hexadecimal, the last byte first. */
function routeOfIPv4(line: string): Route | undefined {
  const [name = '', destination = '', , flags = '', , , , mask = ''] = line.split('\t')
  if (name === LOOPBACK || (Number.parseInt(flags, 16) & RTF_REJECT) !== 0) return undefined
  const address = [...Buffer.from(destination, 'hex')].reverse().join('.')
  const bits = Number.parseInt(mask, 16).toString(2).replaceAll('0', '').length
  return { interface: name, destination: `${address}/${bits}` }
}

/** Destination, its prefix length, source, its prefix length, next hop, metric, counters, flags, interface. */
function routeOfIPv6(line: string): Route | undefined {
  const [destination = '', prefix = '', , , , , , , flags = '', name = ''] = line.split(/\s+/)
  // What is sent to everyone on the cable is no way out, and every interface has it.
  const isMulticast = destination.startsWith('ff')
  if (name === LOOPBACK || isMulticast || (Number.parseInt(flags, 16) & RTF_REJECT) !== 0) return undefined
  const address = (destination.match(/.{4}/g) ?? []).map((group) => Number.parseInt(group, 16).toString(16)).join(':')
  return { interface: name, destination: `${address}/${Number.parseInt(prefix, 16)}` }
}

function linesOf(file: string): string[] {
  return textIfThere(file)
    .split('\n')
    .filter((line) => line !== '')
}

function textIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
