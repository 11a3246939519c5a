/**
 * Faults on demand, for rehearsing what a service does on a bad day. `faults.json` in the state folder is a list; it is looked
 * at with every request, so it may be put there, changed and taken away while the twin runs. Each fault says which requests
 * it is for and what happens to them; the first that fits, and has not happened often enough, happens.
 */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from './clock.ts'
import { isObject } from './route.ts'

const KINDS = ['throttle', 'unavailable', 'drop', 'drop-answer', 'delay', 'expired-token'] as const

export interface Fault {
  /** Regular expression; a fault without one is for every host. The same goes for `path`. */
  readonly host: RegExp
  readonly path: RegExp
  /** Undefined for every method. */
  readonly method: string | undefined
  /**
   * `throttle`: 429 with Retry-After. `unavailable`: 503. `drop`: the connection ends before anything is done. `drop-answer`: it
   * ends after it was done. `delay`: it takes so long. `expired-token`: the token that came with it counts as expired from now on.
   */
  readonly kind: (typeof KINDS)[number]
  /** How often; for ever unless told. */
  readonly times: number
  /** Of the twin's clock: for Retry-After and `delay`. */
  readonly seconds: number
}

export interface Faults {
  /** @returns what is to happen to this request */
  meet(request: { method: string; host: string; path: readonly string[] }): Fault | undefined
  /** Resolves when the fault's seconds have passed. */
  wait(fault: Fault): Promise<void>
}

/** @returns the faults of a state folder; none while there is no file */
export function faultsIn(dir: string, clock: Clock): Faults {
  const file = join(dir, 'faults.json')
  let version = ''
  let faults: Fault[] = []
  const left = new Map<Fault, number>()
  const look = (): void => {
    const found = statSync(file, { throwIfNoEntry: false })
    const current = found ? `${found.ino} ${found.mtimeMs} ${found.size}` : ''
    if (current === version) return
    version = current
    faults = found ? parseFaults(readFileSync(file, 'utf8')) : []
    left.clear()
    for (const fault of faults) left.set(fault, fault.times)
  }
  return {
    meet({ method, host, path }) {
      look()
      const fits = (fault: Fault): boolean =>
        (fault.method ?? method) === method && fault.host.test(host) && fault.path.test(`/${path.join('/')}`) && left.get(fault)! > 0
      const fault = faults.find(fits)
      if (fault) left.set(fault, left.get(fault)! - 1)
      return fault
    },
    wait: ({ seconds }) => new Promise((resolve) => setTimeout(resolve, (seconds * 1000) / clock.scale)),
  }
}

/** @throws Error naming what is wrong: a fault that does not come would make a test prove nothing */
function parseFaults(text: string): Fault[] {
  const list: unknown = JSON.parse(text)
  if (!Array.isArray(list)) throw new Error('faults.json is not a list')
  return list.map((item: unknown, index) => {
    const { host = '', path = '', method, fault, times = Number.POSITIVE_INFINITY, seconds = 0, ...rest } = isObject(item) ? item : {}
    const kind = KINDS.find((candidate) => candidate === fault)
    if (!kind || Object.keys(rest).length > 0) {
      throw new Error(
        `faults.json, item ${index}: \`fault\` must be one of ${KINDS.join(', ')}; further only host, path, method, times, seconds`,
      )
    }
    return {
      host: new RegExp(String(host)),
      path: new RegExp(String(path)),
      method: method === undefined ? undefined : String(method),
      kind,
      times: Number(times),
      seconds: Number(seconds),
    }
  })
}
