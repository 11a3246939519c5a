/** Trust from outside: the keys that an auditor believes in, from a file that did not come with the transcript. */
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import Type, { type Static } from 'typebox'
import { parse } from 'yaml'
import { keyidOf, publicKeyOf } from './dsse.ts'
import type { OfficerIdentity, Opened } from './entry.ts'
import type { Report } from './rules/report.ts'

/** A trust file that is none. */
export class TrustError extends Error {
  override readonly name = 'TrustError'
}

/** What is known of a trusted key beside the key. */
interface TrustedKey {
  readonly keyid: string
  readonly name?: string
  readonly roles?: readonly string[]
}

/** What the auditor believes in. */
export interface Trust {
  readonly officers: ReadonlyMap<string, TrustedKey>
  /** Undefined where the officers vouch for the stations, whose keys they sign in the opening entry. */
  readonly stations: ReadonlyMap<string, TrustedKey> | undefined
  /** How many of the officers must have signed; undefined where every officer of the ceremony must be a trusted one. */
  readonly atLeast: number | undefined
}

const closed = { additionalProperties: false }
const Key = Type.String({ description: 'A fingerprint, or a public key in PEM' })
const Name = Type.String({ minLength: 1 })
const Item = (further: object) => Type.Union([Key, Type.Object({ key: Key, name: Type.Optional(Name), ...further }, closed)])
const Stations = Type.Array(Item({}), { minItems: 1 })
const Officers = Type.Array(Item({ roles: Type.Optional(Type.Array(Name)) }), { minItems: 1 })
const FileSchema = Type.Union([
  Type.Array(Key, { minItems: 1 }),
  Type.Object({ officers: Officers, stations: Type.Optional(Stations), 'at-least': Type.Optional(Type.Integer({ minimum: 1 })) }, closed),
])

/**
 * Reads a trust file (YAML): a list of keys, which every officer and station must be among; or a map with `officers`,
 * optionally `stations`, and optionally `at-least`. A key is a fingerprint (SHA-256 of the SubjectPublicKeyInfo in hex;
 * blanks and colons do not matter) or a public key in PEM, alone or with the `name` (and for officers the `roles`) under
 * which it is to be used. docs/transcript.md shows examples.
 * @throws TrustError if the file is not of that form
 */
export function readTrust(file: string): Trust {
  const data = readData(file)
  const validate = new Ajv2020({ strict: false }).compile(FileSchema)
  if (!validate(data)) throw new TrustError(`${file} is neither a list of keys nor a map with \`officers\``)
  const about = data as Static<typeof FileSchema>
  if (Array.isArray(about)) {
    const keys = keysOf(about, file)
    return { officers: keys, stations: keys, atLeast: undefined }
  }
  const officers = keysOf(about.officers, `${file}, officers`)
  const atLeast = about['at-least']
  if (atLeast !== undefined && atLeast > officers.size)
    throw new TrustError(`${file}: at least ${atLeast} officers are wanted, and ${officers.size} are named`)
  return { officers, stations: about.stations && keysOf(about.stations, `${file}, stations`), atLeast }
}

function readData(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'), { maxAliasCount: 0 })
  } catch (error) {
    throw new TrustError(`${file} cannot be read: ${(error as Error).message}`)
  }
}

function keysOf(items: readonly (string | { key: string; name?: string; roles?: string[] })[], where: string): Map<string, TrustedKey> {
  const keys = items.map((item, index): TrustedKey => {
    const { key, ...about } = typeof item === 'string' ? { key: item } : item
    return { keyid: fingerprintOf(key, `${where}, item ${index + 1}`), ...about }
  })
  return new Map(keys.map((key) => [key.keyid, key]))
}

function fingerprintOf(text: string, where: string): string {
  if (text.includes('BEGIN PUBLIC KEY')) {
    try {
      return keyidOf(publicKeyOf(text))
    } catch {
      throw new TrustError(`${where}: a public key that cannot be read`)
    }
  }
  const hex = text.replace(/[\s:]/g, '').toLowerCase()
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new TrustError(`${where}: ${text.slice(0, 80)} is neither a SHA-256 fingerprint nor a public key`)
  return hex
}

/** Who signed the entries by which everyone vouches for all that stands between them. */
export interface Vouching {
  readonly opened: readonly string[]
  /** Undefined for a ceremony that is not closed. */
  readonly closed: readonly string[] | undefined
}

/** @returns whether the ceremony is by people whom the auditor trusts; reports what speaks against it */
export function trustRules(trust: Trust, opened: Opened | undefined, vouching: Vouching, report: Report): boolean {
  if (!opened) return false
  let trusted = true
  const fault: Report = (rule, found, expected) => {
    trusted = false
    report(rule, found, expected)
  }
  for (const officer of opened.officers) officerRules(officer, trust, fault)
  if (trust.stations) {
    for (const [name, { keyid }] of Object.entries(opened.stations)) nameRules(name, keyid, trust.stations.get(keyid), fault)
  }
  for (const [entry, keyids] of Object.entries(vouching)) {
    if (trust.atLeast === undefined || keyids === undefined) continue
    const signed = keyids.filter((keyid: string) => trust.officers.has(keyid)).length
    if (signed < trust.atLeast)
      fault('trust/at-least', `\`${entry}\` is signed by ${signed} of them`, `at least ${trust.atLeast} trusted officers`)
  }
  return trusted
}

function officerRules({ name, roles, keyid }: OfficerIdentity, { officers, atLeast }: Trust, report: Report): void {
  const known = officers.get(keyid)
  // Where some are enough, the others may be strangers.
  if (!known && atLeast !== undefined) return
  nameRules(name, keyid, known, report)
  const more = known?.roles && roles.filter((role) => !known.roles!.includes(role))
  if (more && more.length > 0) report('trust/role', `${name} as ${more.join(', ')}`, `${known.roles!.join(', ') || 'no role'}`)
}

function nameRules(name: string, keyid: string, known: TrustedKey | undefined, report: Report): void {
  if (!known) report('trust/unknown', `${name}, ${keyid}`, 'a key of the trust file')
  else if (known.name !== undefined && known.name !== name) report('trust/name', `${name}, ${keyid}`, known.name)
}
