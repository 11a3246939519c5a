/** Who takes part, and where their keys are: a file (`officers:`) or a folder with the identity files of `ceremony officer new`. No secrets. */
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import type { Static, TSchema } from 'typebox'
import Type from 'typebox'
import { stringify } from 'yaml'
import { CardError, cardKey } from '../officer/card.ts'
import { fileKey, KeyFileError } from '../officer/key-file.ts'
import type { OfficerKey } from '../officer/officer-key.ts'
import { CeremonyError } from './error.ts'
import { readYaml } from './yaml-file.ts'

/** The officers' file in a ceremony's folder. */
export const OFFICERS = 'officers.yaml'
/** Ends the names of identity files. */
export const IDENTITY_FILE = '.officer.yaml'

const closed = { additionalProperties: false }
const Card = Type.Object(
  {
    library: Type.String({ minLength: 1 }),
    token: Type.String({ minLength: 1 }),
    key: Type.Optional(Type.String({ minLength: 1 })),
    environment: Type.Optional(Type.Record(Type.String({ pattern: '^[A-Z][A-Z0-9_]*$' }), Type.String())),
  },
  closed,
)
const Officer = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    roles: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
    key: Type.Optional(Type.String({ minLength: 1 })),
    card: Type.Optional(Card),
    fingerprint: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
  },
  closed,
)
const Officers = Type.Object({ officers: Type.Array(Officer, { minItems: 1 }) }, closed)

/** One officer as a file names them. */
export type OfficerEntry = Static<typeof Officer>

/** An officer with their key, locked. */
export interface Officer {
  readonly name: string
  readonly roles: readonly string[]
  readonly key: OfficerKey
}

/**
 * @param place a file with `officers:`, an identity file, or a folder with identity files
 * @returns the officers as they are named, with paths that hold from anywhere
 * @throws CeremonyError `officers/…` (exit 2)
 */
export function readOfficerEntries(place: string): OfficerEntry[] {
  if (!statSync(place, { throwIfNoEntry: false })?.isDirectory()) {
    const schema = place.endsWith(IDENTITY_FILE) ? Officer : Officers
    const data = readYaml(place, schema as TSchema, 'officers') as OfficerEntry | { officers: OfficerEntry[] }
    return ('officers' in data ? data.officers : [data]).map((entry) => atHome(entry, dirname(resolve(place))))
  }
  const files = readdirSync(place).filter((name) => name.endsWith(IDENTITY_FILE))
  if (files.length === 0) throw fault(`no file *${IDENTITY_FILE} in ${place}`, 'identity files that `ceremony officer new` wrote')
  return files.sort().flatMap((name) => readOfficerEntries(join(place, name)))
}

/** Takes the officers into a ceremony's folder, unless they are there. @throws CeremonyError `officers/…` (exit 2) */
export function keepOfficers(dir: string, place: string): void {
  const file = join(dir, OFFICERS)
  if (resolve(place) === resolve(file) && existsSync(file)) return
  writeFileSync(file, stringify({ officers: readOfficerEntries(place) }), { mode: 0o600 })
}

/** @throws CeremonyError `officers/…` (exit 2) when a key cannot be found, or is another one than the entry says */
export async function findOfficers(entries: readonly OfficerEntry[]): Promise<Officer[]> {
  const names = new Set<string>()
  const officers: Officer[] = []
  for (const { name, roles, key: file, card, fingerprint } of entries) {
    if (names.has(name)) throw fault(`two officers named ${name}`, 'a name of their own for each')
    names.add(name)
    if ((file === undefined) === (card === undefined))
      throw fault(`${name}: ${file ? 'a key file and a card' : 'no key'}`, 'either `key` or `card`')
    const key = await locate(name, file === undefined ? () => cardKey(card!) : async () => fileKey(file))
    if (fingerprint !== undefined && fingerprint !== key.keyid)
      throw fault(`${name}: ${key.where} holds the key ${key.keyid}`, `the key ${fingerprint}, as the file says`)
    const twin = officers.find((other) => other.key.keyid === key.keyid)
    if (twin) throw fault(`${twin.name} and ${name} have the same key`, 'a key of one’s own for each person')
    officers.push({ name, roles, key })
  }
  return officers
}

async function locate(name: string, find: () => Promise<OfficerKey>): Promise<OfficerKey> {
  try {
    return await find()
  } catch (error) {
    if (error instanceof KeyFileError || error instanceof CardError)
      throw fault(`${name}: ${error.message}`, 'a key that can be used', error)
    throw error
  }
}

function atHome(entry: OfficerEntry, folder: string): OfficerEntry {
  const at = (path: string): string => (isAbsolute(path) ? path : join(folder, path))
  const { key, card } = entry
  return { ...entry, ...(key === undefined ? {} : { key: at(key) }), ...(card ? { card: { ...card, library: at(card.library) } } : {}) }
}

function fault(found: string, expected: string, cause?: unknown): CeremonyError {
  return new CeremonyError('officers/invalid', 'The officers cannot be used as they are given.', {
    found,
    expected,
    advice: 'Correct the file, plug in the card, or copy the key, then start again; nothing was done.',
    exitCode: 2,
    cause,
  })
}
