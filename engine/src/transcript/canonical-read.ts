/**
 * Reads bytes that are known to be canonical JSON. `JSON.parse` of V8 13 and 14 takes a name that begins with an escape
 * for `\` if it has met that name before (https://github.com/nodejs/node/issues/63785), so that `{"\n":1}` may come back
 * as `{"\\":1}`: in a text with escapes, each string is therefore read by itself.
 */

/** @returns the value that the bytes say; anything at all if they are not canonical JSON */
export function readCanonical(bytes: Buffer): unknown {
  const text = bytes.toString()
  return bytes.includes(0x5c) ? new Reader(text).value() : JSON.parse(text)
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(): unknown {
    switch (this.#text[this.#at]) {
      case '{':
        return Object.fromEntries(this.#items('}', () => [this.#string(1), this.value()] as const))
      case '[':
        return this.#items(']', () => this.value())
      case '"':
        return this.#string(0)
      default:
        return this.#word()
    }
  }

  #items<T>(end: string, read: () => T): T[] {
    const items: T[] = []
    if (this.#text[++this.#at] === end) this.#at++
    else
      do items.push(read())
      while (this.#text[this.#at++] === ',')
    return items
  }

  /** @param behind how many characters to leave out behind it */
  #string(behind: number): string {
    const start = this.#at
    let end = this.#text.indexOf('"', start + 1)
    while (this.#isEscaped(end)) end = this.#text.indexOf('"', end + 1)
    this.#at = end + 1 + behind
    const inside = this.#text.slice(start + 1, end)
    return inside.includes('\\') ? JSON.parse(`"${inside}"`) : inside
  }

  #isEscaped(at: number): boolean {
    let before = at
    while (this.#text[before - 1] === '\\') before--
    return (at - before) % 2 === 1
  }

  /** A number, true, false or null. */
  #word(): unknown {
    const start = this.#at
    while (this.#at < this.#text.length && !',]}'.includes(this.#text[this.#at]!)) this.#at++
    return JSON.parse(this.#text.slice(start, this.#at))
  }
}
