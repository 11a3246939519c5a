/** Reads what the data plane is sent, strictly. */
import { isObject, type Json, Refusal } from '../route.ts'
import type { KeyVersion } from './key.ts'

export const bad = (message: string): Refusal => new Refusal(400, 'BadParameter', message)

export const KEY_BITS: readonly number[] = [2048, 3072, 4096]
const OPERATIONS = ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey', 'import']
const ALL_BUT_IMPORT = OPERATIONS.filter((name) => name !== 'import')
const MAX_TAGS = 15

/** The parts of a version that a client may set on creation, import and update. */
export type Settings = Pick<KeyVersion, 'operations' | 'enabled' | 'notBefore' | 'expires' | 'tags'>

/**
 * @param operations the `key_ops` given, wherever in the body they stand
 * @param before what holds where the body says nothing
 * @throws Refusal BadParameter
 */
export function settings(body: Json, operations: unknown, before: Settings): Settings {
  const attributes = field(body, 'attributes')
  const enabled = attributes.enabled ?? before.enabled
  if (typeof enabled !== 'boolean') throw bad('Property enabled has an invalid value: a boolean is expected.')
  if (attributes.exportable === true) throw bad('An exportable key must have a release policy, and is not supported for this key type.')
  const result = {
    operations: operations === undefined || operations === null ? before.operations : keyOperations(operations),
    enabled,
    notBefore: seconds(attributes, 'nbf', before.notBefore),
    expires: seconds(attributes, 'exp', before.expires),
    tags: tags(body.tags) ?? before.tags,
  }
  if (result.notBefore !== null && result.expires !== null && result.notBefore >= result.expires) {
    throw bad('The property "nbf" must be earlier than "exp".')
  }
  return result
}

/** What a new key has where the client says nothing. */
export const NEW_KEY: Settings = { operations: ALL_BUT_IMPORT, enabled: true, notBefore: null, expires: null, tags: null }

/** @throws Refusal BadParameter */
function keyOperations(value: unknown): string[] {
  if (!Array.isArray(value) || value.some((name) => !OPERATIONS.includes(name))) {
    throw bad(`Property key_ops has an invalid value: a list of ${OPERATIONS.join(', ')} is expected.`)
  }
  const names = [...new Set(value as string[])]
  if (names.includes('import') && names.length > 1) {
    throw bad('The key operation "import" is exclusive: a key that has it can have no other key operation.')
  }
  return names
}

/** @returns the object there, or an empty one @throws Refusal BadParameter */
export function field(body: Json, name: string): Json {
  const value = body[name] ?? {}
  if (!isObject(value)) throw bad(`Property ${name} has an invalid value: an object is expected.`)
  return value
}

/** @returns the string there @throws Refusal BadParameter */
export function text(body: Json, name: string): string {
  const value = body[name]
  if (typeof value !== 'string' || value === '') throw bad(`Property ${name} has an invalid value: a string is expected.`)
  return value
}

/** @returns the bytes of unpadded base64url @throws Refusal BadParameter */
export function base64url(body: Json, name: string): Buffer {
  const value = text(body, name)
  const bytes = Buffer.from(value, 'base64url')
  if (bytes.toString('base64url') !== value) throw bad(`Property ${name} has an invalid value: base64url without padding is expected.`)
  return bytes
}

function seconds(attributes: Json, name: string, before: number | null): number | null {
  const value = attributes[name]
  if (value === undefined || value === null) return before
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    throw bad(`Property ${name} has an invalid value: seconds since 1970 are expected.`)
  return value as number
}

function tags(value: unknown): Json | null {
  if (value === undefined || value === null) return null
  const fits = (name: string, content: unknown): boolean => name.length <= 256 && typeof content === 'string' && content.length <= 256
  if (!isObject(value) || Object.keys(value).length > MAX_TAGS || Object.entries(value).some(([name, content]) => !fits(name, content))) {
    throw bad(`Property tags has an invalid value: at most ${MAX_TAGS} names and texts of up to 256 characters are expected.`)
  }
  return value
}
