/** Canonical JSON (RFC 8785) of I-JSON data, once more and on its own, so that the page depends on no package. */

const MAX_DEPTH = 64

/**
 * Reads bytes that must be exactly the canonical form of what they say.
 * @throws Error saying what is wrong with them
 */
export function parseCanonical(bytes: Uint8Array): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new Error('not UTF-8')
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error('not JSON')
  }
  if (canonicalize(value, MAX_DEPTH) !== text) throw new Error('not in canonical form (RFC 8785)')
  return value
}

/**
 * RFC 8785, section 3.2: names in the order of their UTF-16 units, no white space, numbers and strings as ECMAScript writes them.
 * @throws Error for what I-JSON does not have: lone surrogates, integers beyond 2^53, nesting that is too deep
 */
export function canonicalize(value: unknown, depth = MAX_DEPTH): string {
  if (typeof value === 'string' && !value.isWellFormed()) throw new Error('a string with a lone surrogate')
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) throw new Error('an integer beyond 2^53')
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (depth === 0) throw new Error(`nested deeper than ${MAX_DEPTH}`)
  if (Array.isArray(value)) return `[${value.map((item) => canonicalize(item, depth - 1)).join(',')}]`
  const names = Object.keys(value).sort()
  const members = names.map((name) => `${canonicalize(name)}:${canonicalize((value as Record<string, unknown>)[name], depth - 1)}`)
  return `{${members.join(',')}}`
}
