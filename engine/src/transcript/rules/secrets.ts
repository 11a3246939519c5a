/** Secrets: nothing in an entry or an artifact looks like one. What was found is told by its kind and place, never shown. */
import type { Report } from './report.ts'
import { SECRET_HINTS, SECRET_PATTERNS } from './secret-patterns.ts'

/** The longest stretch that a pattern needs to be seen in one piece. */
const OVERLAP = 2048
const MAX_FOUND = 20

/** Looks at a statement's bytes; `value` is what they say, to tell where in it the secret stands. */
export function secretRules(payload: Buffer, value: unknown, report: Report): void {
  const text = payload.toString('latin1')
  if (!SECRET_HINTS.test(text)) return
  // One kind is enough: a private key in PEM is one in base64 too.
  const found = SECRET_PATTERNS.find(({ pattern }) => pattern.test(text))
  if (found) report('secret/entry', `${found.kind} ${placeOf(value, found.pattern)}`.trimEnd(), 'no secret')
}

/** Looks at an artifact, block by block. */
export class SecretScanner {
  /** Line -> the kind that was found there first. */
  readonly #found = new Map<number, string>()
  #tail = ''
  /** Lines that end before the tail. */
  #lines = 0

  read(block: Buffer): void {
    const text = this.#tail + block.toString('latin1')
    if (SECRET_HINTS.test(text)) this.#look(text)
    this.#tail = text.slice(-OVERLAP)
    this.#lines += newlinesIn(text.slice(0, text.length - this.#tail.length))
  }

  /** @returns kinds with the lines they stand in: `a bearer token in line 3` */
  found(): string[] {
    return [...this.#found].map(([line, kind]) => `${kind} in line ${line}`)
  }

  #look(text: string): void {
    for (const { kind, pattern } of SECRET_PATTERNS) {
      for (const { index } of text.matchAll(new RegExp(pattern, `${pattern.flags}g`))) {
        if (this.#found.size >= MAX_FOUND) return
        const line = this.#lines + newlinesIn(text.slice(0, index)) + 1
        if (!this.#found.has(line)) this.#found.set(line, kind)
      }
    }
  }
}

function newlinesIn(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++
  return count
}

/** @returns the JSON pointer (RFC 6901) of the innermost value that holds the secret; empty if it cannot be told */
function placeOf(value: unknown, pattern: RegExp): string {
  let pointer = ''
  let inside = value
  while (typeof inside === 'object' && inside !== null) {
    const held = Object.entries(inside).find(([name, item]) =>
      pattern.test(Buffer.from(JSON.stringify({ [name]: item })).toString('latin1')),
    )
    if (!held) break
    pointer += `/${held[0].replaceAll('~', '~0').replaceAll('/', '~1')}`
    inside = held[1]
  }
  return pointer === '' ? '' : `at ${pointer}`
}
