/** A database as the twin keeps it: a page of data, and the key that the page is encrypted with, itself wrapped. */
import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto'
import { type Json, Refusal, type TwinRequest } from '../route.ts'
import type { Change, Table } from '../store.ts'
import type { Twin } from '../twin.ts'
import { type SqlServer, serverId } from './server.ts'

/** A key of 256 bits, as it lies on disk. */
export interface WrappedKey {
  /** The key of a vault that wrapped it; null for the service's own. */
  readonly kid: string | null
  readonly bytes: string
}

export interface Inaccessible {
  readonly since: number
  /** When it will be back if the key stays; null while the key is missing, or waits for someone to have it looked at. */
  readonly healsAt: number | null
  /** Whether the key was away for so long that settings are lost. */
  readonly late: boolean
}

export interface Database {
  readonly name: string
  /** The server's name. */
  readonly server: string
  readonly id: string
  readonly tags: Json
  readonly createdAt: number
  /** The wrapped data encryption key; null while the database is not encrypted. */
  readonly key: WrappedKey | null
  /** Its first page, base64: encrypted if there is a key. */
  readonly page: string
  readonly inaccessible: Inaccessible | null
}

export const DATABASE_TYPE = 'Microsoft.Sql/servers/databases'
export const MASTER = 'master'
const IV_BYTES = 12
const TAG_BYTES = 16

/** Databases by `server/name`, both in lower case. */
const databaseTable = (twin: Twin): Table<Database> => twin.store.table<Database>('sql-databases')
const place = (server: string, name: string): string => `${server}/${name}`.toLowerCase()
export const putDatabase = (twin: Twin, database: Database): Change =>
  databaseTable(twin).put(place(database.server, database.name), database)
export const removeDatabase = (twin: Twin, database: Database): Change => databaseTable(twin).remove(place(database.server, database.name))
export const databaseId = (twin: Twin, server: SqlServer, name: string): string => `${serverId(twin, server)}/databases/${name}`

export function databasesOf(twin: Twin, server: SqlServer): Database[] {
  return databaseTable(twin)
    .rows()
    .filter((database) => database.server === server.name)
}

/** @returns the database that the path names @throws Refusal ResourceNotFound */
export function requireDatabase(twin: Twin, server: SqlServer, request: TwinRequest): Database {
  const name = request.params.database!
  const database = databaseTable(twin).get(place(server.name, name))
  if (database) return database
  throw new Refusal(404, 'ResourceNotFound', `The requested resource of type '${DATABASE_TYPE}' with name '${name}' was not found.`)
}

/**
 * Nothing but dropping is possible with an inaccessible database. The code is the twin's own: the real one is not on
 * public record.
 * @throws Refusal DatabaseInaccessible
 */
export function requireAccessible(database: Database): void {
  if (!database.inaccessible) return
  const message = `Database '${database.name}' on server '${database.server}' is not currently available: it is inaccessible, because the server cannot use its TDE protector.`
  throw new Refusal(409, 'DatabaseInaccessible', message)
}

/** @throws Refusal for the system database */
export function requireNotMaster(database: Database): void {
  if (database.name === MASTER) throw new Refusal(400, 'InvalidDatabaseName', `This cannot be done to the system database '${MASTER}'.`)
}

/** @returns a database with a page of data in the clear */
export function newDatabase(twin: Twin, server: SqlServer, name: string): Database {
  const page = Buffer.concat([Buffer.from(`first page of ${name} `), randomBytes(256)])
  return {
    name,
    server: server.name,
    id: randomUUID(),
    tags: {},
    createdAt: twin.clock.now(),
    key: null,
    page: page.toString('base64'),
    inaccessible: null,
  }
}

/** Every server has one; it is never encrypted. */
export const masterOf = (twin: Twin, server: SqlServer): Database => newDatabase(twin, server, MASTER)

/** @returns the page encrypted under the key (AES-256-GCM: nonce, tag, ciphertext) */
export function sealPage(page: string, key: Buffer): string {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  const sealed = Buffer.concat([cipher.update(Buffer.from(page, 'base64')), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64')
}

/** @returns the page in the clear @throws Error if that is not its key */
export function openPage(page: string, key: Buffer): string {
  const bytes = Buffer.from(page, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES))
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
  return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString('base64')
}
