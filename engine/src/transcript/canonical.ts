/** Canonical JSON (RFC 8785) of I-JSON data (RFC 7493): what is signed and hashed. */
import canonicalizeJson from 'canonicalize'
import { readCanonical } from './canonical-read.ts'
import { isCanonical } from './canonical-scan.ts'

/** Bounds for what is read from outside. */
export interface JsonLimits {
  readonly bytes: number
  readonly depth: number
}
const MAX_DEPTH = 64
/** Bounds of a statement. */
export const STATEMENT_LIMITS: JsonLimits = { bytes: 12 * 1024 * 1024, depth: MAX_DEPTH }

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
  const fault = faultOf(value, MAX_DEPTH)
  if (fault !== undefined) throw new CanonicalError(`not plain JSON data, at ${fault}`)
  return canonicalizeJson(value) as string
}

/**
 * Reads bytes that must be exactly the canonical form of what they say. This one rule refuses duplicate keys, white
 * space, odd spellings of numbers and strings, and invalid UTF-8.
 * @throws CanonicalError
 */
export function parseCanonical(bytes: Uint8Array, limits: JsonLimits): unknown {
  if (bytes.length > limits.bytes) throw new CanonicalError(`longer than ${limits.bytes} bytes`)
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (isCanonical(buffer, Math.min(limits.depth, MAX_DEPTH))) return readCanonical(buffer)
  return refuse(bytes, limits)
}

/** Finds out what is wrong, by writing the value again. */
function refuse(bytes: Uint8Array, limits: JsonLimits): never {
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
  canonicalize(value)
  throw new CanonicalError('not in canonical form (RFC 8785)')
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

/** @returns where the value is not I-JSON, and why; undefined if it is */
function faultOf(value: unknown, depth: number): string | undefined {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? undefined : ': a string with a lone surrogate'
    case 'boolean':
      return undefined
    case 'number':
      if (!Number.isFinite(value)) return ': not a finite number'
      return Number.isInteger(value) && !Number.isSafeInteger(value) ? ': an integer beyond 2^53' : undefined
    case 'object':
      return value === null ? undefined : faultInside(value, depth)
    default:
      return `: ${typeof value} is not JSON`
  }
}

function faultInside(value: object, depth: number): string | undefined {
  if (depth === 0) return ': nested too deep'
  const prototype = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return ': not plain data'
  // An array by its length, so that a hole counts as undefined.
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value)
  for (const key of keys) {
    if (typeof key === 'string' && !key.isWellFormed()) return ': a name with a lone surrogate'
    const fault = faultOf((value as Record<string | number, unknown>)[key], depth - 1)
    if (fault !== undefined) return `/${key}${fault}`
  }
  return undefined
}
