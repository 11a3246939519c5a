/**
 * Runs in a plugin's process before the plugin is loaded: puts the ceremony's clock and recorded randomness in the place
 * of the machine's, for the plugin and for every library it uses. Time stands still between two messages of the engine,
 * so the same messages always lead to the same doings, which is what replay rests on.
 */
import crypto, { createHash } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'
import timersPromises from 'node:timers/promises'

const MachineDate = Date
const machine = { setImmediate }
let now = 0
let seed: Uint8Array = new Uint8Array(32)
let counter = 0
let pool = Buffer.alloc(0)

/** Sets the time that the plugin sees, in milliseconds since the epoch. */
export function setTime(milliseconds: number): void {
  now = milliseconds
}

/** Starts the stream of randomness anew from a seed of 32 bytes. */
export function setSeed(bytes: Uint8Array): void {
  seed = bytes
  counter = 0
  pool = Buffer.alloc(0)
}

/** @returns the next `count` bytes of the stream SHA-256(seed ‖ counter) */
export function randomBytes(count: number): Buffer {
  while (pool.length < count) {
    const block = Buffer.alloc(8)
    block.writeBigUInt64BE(BigInt(counter++))
    pool = Buffer.concat([pool, createHash('sha256').update(seed).update(block).digest()])
  }
  const bytes = Buffer.from(pool.subarray(0, count))
  pool = pool.subarray(count)
  return bytes
}

function randomUUID(): ReturnType<typeof crypto.randomUUID> {
  const bytes = randomBytes(16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

function getRandomValues<T extends NodeJS.TypedArray>(array: T): T {
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(randomBytes(array.byteLength))
  return array
}

/** How timers reach the engine's clock. */
export interface Sleeper {
  /** @returns a number to withdraw with */
  start(milliseconds: number, done: () => void): number
  withdraw(id: number): void
}

class Timer {
  readonly #sleeper: Sleeper
  #asked: number | undefined
  #live = true
  constructor(sleeper: Sleeper, run: () => void, milliseconds: number, repeat: boolean) {
    this.#sleeper = sleeper
    const again = (): void => {
      const fire = (): void => {
        if (!this.#live) return
        if (repeat) again()
        else this.#live = false
        run()
      }
      if (milliseconds >= 1) this.#asked = sleeper.start(milliseconds, fire)
      else machine.setImmediate(fire)
    }
    again()
  }
  clear(): void {
    if (this.#live && this.#asked !== undefined) this.#sleeper.withdraw(this.#asked)
    this.#live = false
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
  hasRef(): boolean {
    return true
  }
}

/** Replaces Date, timers, Math.random and the random functions of node:crypto and WebCrypto, everywhere in this process. */
export function install(sleeper: Sleeper): void {
  class CeremonyDate extends MachineDate {
    constructor(...args: [] | [string | number | Date]) {
      if (args.length === 0) super(now)
      else super(...(args as [number]))
    }
    static override now(): number {
      return now
    }
  }
  globalThis.Date = CeremonyDate as DateConstructor
  replace(performance, { now: () => now })
  Math.random = () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48

  const start = (repeat: boolean) =>
    ((run: (...args: unknown[]) => void, milliseconds = 0, ...args: unknown[]) =>
      new Timer(sleeper, () => run(...args), Number(milliseconds), repeat)) as unknown as typeof setTimeout
  const clear = ((timer: unknown) => {
    if (timer instanceof Timer) timer.clear()
  }) as typeof clearTimeout
  const replaced = { setTimeout: start(false), setInterval: start(true), clearTimeout: clear, clearInterval: clear }
  Object.assign(globalThis, replaced)
  Object.assign(timers, replaced)
  timersPromises.setTimeout = ((milliseconds = 0, value?: unknown) =>
    new Promise((done) => new Timer(sleeper, () => done(value as never), Number(milliseconds), false))) as typeof timersPromises.setTimeout

  replace(crypto, { randomUUID, randomBytes, randomFillSync: getRandomValues })
  replace(crypto.webcrypto, { randomUUID, getRandomValues })
  syncBuiltinESMExports()
}

/** Puts functions in the place of others, also where those are getters. */
function replace(target: object, functions: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(functions)) {
    Object.defineProperty(target, name, { value, configurable: true, enumerable: true, writable: true })
  }
}
