/**
 * Tells in one pass over the bytes whether they are canonical JSON (RFC 8785) of I-JSON data. Parsing and writing again
 * tells the same (`parseCanonical` does so to say what is wrong), at many times the cost.
 */
import { isUtf8 } from 'node:buffer'

/**
 * @param depth how many levels of lists and maps are allowed
 * @returns whether the bytes are exactly what `canonicalize` writes for the value that they say
 */
export function isCanonical(bytes: Buffer, depth: number): boolean {
  if (!isUtf8(bytes)) return false
  const scan = new Scan(bytes)
  return scan.value(depth) && scan.at === bytes.length
}

class Scan {
  readonly #bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** Each of these moves `at` behind what it stands for, and says whether that is canonical. */
  value(depth: number): boolean {
    switch (this.#bytes[this.at]) {
      case 0x22: // "
        return this.#string()
      case 0x7b: // {
        return depth > 0 && this.#map(depth - 1)
      case 0x5b: // [
        return depth > 0 && this.#list(depth - 1)
      case 0x74:
        return this.#word('true')
      case 0x66:
        return this.#word('false')
      case 0x6e:
        return this.#word('null')
      default:
        return this.#number()
    }
  }

  #map(depth: number): boolean {
    const bytes = this.#bytes
    if (bytes[++this.at] === 0x7d) return ++this.at > 0
    let before = 0
    let beforeEnd = 0
    for (;;) {
      const name = this.at
      if (bytes[name] !== 0x22 || !this.#string()) return false
      const end = this.at - 1
      if (before > 0 && !this.#isAfter(name + 1, end, before, beforeEnd)) return false
      if (bytes[this.at++] !== 0x3a || !this.value(depth)) return false
      const next = bytes[this.at++]
      if (next === 0x7d) return true
      if (next !== 0x2c) return false
      before = name + 1
      beforeEnd = end
    }
  }

  #list(depth: number): boolean {
    const bytes = this.#bytes
    if (bytes[++this.at] === 0x5d) return ++this.at > 0
    for (;;) {
      if (!this.value(depth)) return false
      const next = bytes[this.at++]
      if (next === 0x5d) return true
      if (next !== 0x2c) return false
    }
  }

  /** That the bytes are UTF-8 was settled for all of them at once. */
  #string(): boolean {
    const bytes = this.#bytes
    for (let at = this.at + 1; ; at++) {
      const byte = bytes[at]
      if (byte === undefined || byte < 0x20) return false
      if (byte === 0x22) {
        this.at = at + 1
        return true
      }
      if (byte !== 0x5c) continue
      const length = lengthOfEscape(bytes, at + 1)
      if (length === 0) return false
      at += length
    }
  }

  #number(): boolean {
    const bytes = this.#bytes
    const start = this.at
    let at = start
    for (let byte = bytes[at]; byte !== undefined && byte !== 0x2c && byte !== 0x5d && byte !== 0x7d; byte = bytes[at]) at++
    this.at = at
    // Longer than any number that JavaScript writes.
    if (at === start || at - start > 32) return false
    const text = bytes.toString('latin1', start, at)
    const number = Number(text)
    return Number.isFinite(number) && String(number) === text && (!Number.isInteger(number) || Number.isSafeInteger(number))
  }

  #word(word: string): boolean {
    const start = this.at
    this.at += word.length
    return this.#bytes.toString('latin1', start, this.at) === word
  }

  /** Names are ordered by their UTF-16 code units, which is the order of their UTF-8 bytes but for the last planes. */
  #isAfter(start: number, end: number, before: number, beforeEnd: number): boolean {
    const bytes = this.#bytes
    const length = Math.min(end - start, beforeEnd - before)
    for (let index = 0; index < length; index++) {
      const one = bytes[before + index]!
      const other = bytes[start + index]!
      if (one === 0x5c || other === 0x5c) return this.#text(before, beforeEnd) < this.#text(start, end)
      if (one === other) continue
      return one >= 0xee && other >= 0xee ? this.#text(before, beforeEnd) < this.#text(start, end) : one < other
    }
    return beforeEnd - before < end - start
  }

  #text(start: number, end: number): string {
    return JSON.parse(this.#bytes.toString('utf8', start - 1, end + 1)) as string
  }
}

/** @returns how many bytes belong to an escape behind its backslash; 0 if it is not the one spelling of what needs one */
function lengthOfEscape(bytes: Buffer, at: number): number {
  switch (bytes[at]) {
    case 0x22: // "
    case 0x5c: // \
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return 1
    case 0x75: // u
      // Control characters without a short spelling.
      return /^00(?:0[0-7be-f]|1[0-9a-f])$/.test(bytes.toString('latin1', at + 1, at + 5)) ? 5 : 0
    default:
      return 0
  }
}
