/**
 * The recording of what passes the doors during one step: JSON lines, in the order in which things happened. An ask is on
 * disk before its effect, the answer before the plugin sees it. Becomes an artifact when the step ends.
 */
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { canonicalize } from '../transcript/canonical.ts'

/** One line. `call` opens what the plugin was asked; `time` is the ceremony's, in milliseconds since the epoch. */
export type ExchangeLine =
  | { readonly call: { readonly what: string; readonly action: string; readonly seed: string; readonly time: number } }
  | { readonly ask: number; readonly door: string; readonly request: unknown; readonly time: number }
  | { readonly answer: number; readonly ok: boolean; readonly value: unknown; readonly time: number }
  | { readonly withdrawn: number; readonly time: number }

export class Recording {
  readonly #file: string
  #call: ExchangeLine | undefined
  #lines = 0

  /** @param file where the lines go while the step runs; what a crash left there is kept until `leftover` took it */
  constructor(file: string) {
    this.#file = file
  }

  /** Notes the call that the next asks belong to; written with the first of them. */
  begin(call: { what: string; action: string; seed: Uint8Array; time: number }): void {
    this.#call = { call: { ...call, seed: Buffer.from(call.seed).toString('base64') } }
  }

  write(line: ExchangeLine): void {
    if (this.#call) {
      const call = this.#call
      this.#call = undefined
      this.write(call)
    }
    appendFileSync(this.#file, `${canonicalize(recordable(line))}\n`, { mode: 0o600 })
    this.#lines++
  }

  /** @returns the recorded lines, and starts anew; null when no door was used */
  finish(): { bytes: Uint8Array; count: number } | null {
    this.#call = undefined
    if (this.#lines === 0) return null
    const recorded = { bytes: readFileSync(this.#file), count: this.#lines }
    this.discard()
    return recorded
  }

  /** @returns what an interrupted step recorded, whole lines only; null if there is nothing */
  leftover(): { bytes: Uint8Array; count: number } | null {
    if (this.#lines > 0 || !existsSync(this.#file)) return null
    const all = readFileSync(this.#file)
    const bytes = all.subarray(0, all.lastIndexOf(0x0a) + 1)
    if (bytes.length === 0) return null
    return { bytes, count: bytes.toString('latin1').split('\n').length - 1 }
  }

  /** Removes the file; call it once its content is kept elsewhere. */
  discard(): void {
    rmSync(this.#file, { force: true })
    this.#lines = 0
  }
}

/** @returns the value as JSON data: bytes as `{ "$bytes": base64 }`, absent values left out */
export function recordable(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') }
  if (Array.isArray(value)) return value.map(recordable)
  if (value !== null && typeof value === 'object') {
    const kept = Object.entries(value).filter(([, item]) => item !== undefined)
    return Object.fromEntries(kept.map(([name, item]) => [name, recordable(item)]))
  }
  return value ?? null
}
