/**
 * The recording of what passes the doors during one step: JSON lines, in the order in which things happened. An ask is on
 * disk before its effect, the answer before the plugin sees it. Becomes an artifact when the step ends.
 */
import { appendFileSync, existsSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { canonicalize } from '../transcript/canonical.ts'
import { readCanonical } from '../transcript/canonical-read.ts'
import { storing } from '../transcript/storage-error.ts'

/** What a plugin is asked; opens the lines of what it then does. */
export interface RecordedCall {
  readonly what: string
  readonly action: string
  /** Base64. */
  readonly seed: string
}

/** One line. `after` is how many answers the plugin had when it asked; `time` is the ceremony's, in milliseconds since the epoch. */
export type ExchangeLine =
  | { readonly call: RecordedCall; readonly time: number }
  | { readonly ask: number; readonly door: string; readonly request: unknown; readonly after: number; readonly time: number }
  | { readonly answer: number; readonly ok: boolean; readonly value: unknown; readonly time: number }
  | { readonly withdrawn: number; readonly time: number }

/** Whole lines of a recording. */
export interface Recorded {
  readonly bytes: Uint8Array
  readonly count: number
}

/** What a step writes its exchanges to: a file while it happens, memory while it is replayed. */
export interface Recorder {
  /**
   * Notes that the plugin is about to be asked.
   * @param time of the ceremony's clock
   * @returns the time that the plugin shall see
   */
  begin(call: RecordedCall, time: number): number
  /** The time of the last line. */
  readonly time: number
  /** @returns the recorded lines; null when no plugin was asked. They stay until `discard`. */
  finish(): Recorded | null
  /** Starts anew; call it once an entry names what was recorded. */
  discard(): void
}

/** The recorder of a running ceremony: a file, which a crash leaves for the next run to go on with. */
export class Recording implements Recorder {
  readonly #file: string
  #lines: number | undefined
  #failed: unknown
  #time = 0

  /** @param file where the lines go while the step runs */
  constructor(file: string) {
    this.#file = file
  }

  get time(): number {
    return this.#time
  }

  begin(call: RecordedCall, time: number): number {
    this.write({ call, time })
    return time
  }

  /** @throws StorageError when it could not be written; nothing more is then recorded */
  write(line: ExchangeLine): void {
    if (this.#failed) throw this.#failed
    try {
      storing(this.#file, () => {
        this.#lines ??= wholeLines(this.#file)
        appendFileSync(this.#file, `${lineOfExchange(line)}\n`, { mode: 0o600, flush: precedesEffect(line) })
      })
    } catch (error) {
      // What came after the gap would not be what happened.
      this.#failed = error
      throw error
    }
    this.#time = line.time
    this.#lines!++
  }

  finish(): Recorded | null {
    if (this.#failed) throw this.#failed
    this.#lines ??= storing(this.#file, () => wholeLines(this.#file))
    return this.#lines === 0 ? null : { bytes: readFileSync(this.#file), count: this.#lines }
  }

  discard(): void {
    storing(this.#file, () => rmSync(this.#file, { force: true }))
    this.#lines = 0
  }
}

/** Whether something outside is about to be asked: then power must not take the line away. */
function precedesEffect(line: ExchangeLine): boolean {
  return 'ask' in line && line.door !== 'clock' && line.door !== 'artifact'
}

/** Counts the lines that a crash left; from one on that it tore, or left as something else, they are cut away. */
function wholeLines(file: string): number {
  if (!existsSync(file)) return 0
  const bytes = readFileSync(file)
  let whole = 0
  let count = 0
  for (let end = bytes.indexOf(0x0a); end >= 0 && isLine(bytes.subarray(whole, end)); end = bytes.indexOf(0x0a, whole)) {
    whole = end + 1
    count++
  }
  if (whole < bytes.length) truncateSync(file, whole)
  return count
}

function isLine(bytes: Uint8Array): boolean {
  try {
    return typeof JSON.parse(Buffer.from(bytes).toString('utf8')) === 'object'
  } catch {
    return false
  }
}

/** @returns the line as it is recorded, without the newline */
export function lineOfExchange(line: ExchangeLine): string {
  return canonicalize(recordable(line))
}

/**
 * @returns the value as a plugin gets it back from a recording. What a live door answers goes the same way, so that
 *   a plugin cannot tell a replay from the day itself, not even by the order of names.
 */
export function asReplayed(value: unknown): unknown {
  return revived(readCanonical(Buffer.from(canonicalize(recordable(value)))))
}

/** @returns the data of a recorded line with its bytes as bytes */
export function revived(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revived)
  if (value === null || typeof value !== 'object') return value
  const { $bytes } = value as { $bytes?: unknown }
  if (typeof $bytes === 'string') return new Uint8Array(Buffer.from($bytes, 'base64'))
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, revived(item)]))
}

/** @returns the value as JSON data: bytes as `{ "$bytes": base64 }`, what is absent left out */
export function recordable(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') }
  if (Array.isArray(value)) return value.map(recordable)
  if (value !== null && typeof value === 'object') {
    const kept = Object.entries(value).filter(([, item]) => item !== undefined)
    return Object.fromEntries(kept.map(([name, item]) => [name, recordable(item)]))
  }
  return value ?? null
}
