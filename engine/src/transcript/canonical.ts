/** Canonical JSON (RFC 8785) of I-JSON data (RFC 7493): what is signed and hashed. */
import canonicalizeJson from 'canonicalize'

/** Bounds for what is read from outside. */
export interface JsonLimits {
  readonly bytes: number
  readonly depth: number
}
const MAX_DEPTH = 64

/** Why some bytes are not the canonical JSON that they should be. */
export class CanonicalError extends Error {
  override readonly name = 'CanonicalError'
}

/**
 * @returns the canonical text of the value
 * @throws CanonicalError for what JSON cannot say exactly: undefined, NaN, integers beyond 2^53, lone surrogates, other
 *   objects than plain ones, nesting deeper than 64
 */
export function canonicalize(value: unknown): string {
  checkData(value, MAX_DEPTH, '')
  return canonicalizeJson(value) as string
}

/**
 * Reads bytes that must be exactly the canonical form of what they say. This one rule refuses duplicate keys, white
 * space, odd spellings of numbers and strings, and invalid UTF-8.
 * @throws CanonicalError
 */
export function parseCanonical(bytes: Uint8Array, limits: JsonLimits): unknown {
  if (bytes.length > limits.bytes) throw new CanonicalError(`longer than ${limits.bytes} bytes`)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new CanonicalError('not UTF-8')
  }
  checkNesting(text, limits.depth)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new CanonicalError(`not JSON: ${(error as Error).message.slice(0, 200)}`)
  }
  if (canonicalize(value) !== text) throw new CanonicalError('not in canonical form (RFC 8785)')
  return value
}

/** Counts brackets outside of strings before anything recursive touches the text. */
function checkNesting(text: string, limit: number): void {
  let depth = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (inString) {
      if (code === 0x5c) index++
      else if (code === 0x22) inString = false
    } else if (code === 0x22) inString = true
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > limit) throw new CanonicalError(`nested deeper than ${limit}`)
    } else if (code === 0x7d || code === 0x5d) depth--
  }
}

function checkData(value: unknown, depth: number, path: string): void {
  const refuse = (why: string): never => {
    throw new CanonicalError(`${path || '/'}: ${why}`)
  }
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? undefined : refuse('a string with a lone surrogate')
    case 'boolean':
      return
    case 'number':
      if (!Number.isFinite(value)) refuse('not a finite number')
      return Number.isInteger(value) && !Number.isSafeInteger(value) ? refuse('an integer beyond 2^53') : undefined
    case 'object': {
      if (value === null) return
      if (depth === 0) refuse('nested too deep')
      if (Array.isArray(value)) {
        for (const [index, item] of value.entries()) checkData(item, depth - 1, `${path}/${index}`)
        return
      }
      const prototype = Object.getPrototypeOf(value)
      if (prototype !== Object.prototype && prototype !== null) refuse('not plain data')
      for (const key of Object.keys(value)) {
        if (!key.isWellFormed()) refuse('a name with a lone surrogate')
        checkData((value as Record<string, unknown>)[key], depth - 1, `${path}/${key}`)
      }
      return
    }
    default:
      refuse(`${typeof value} is not JSON`)
  }
}
