/** Transparent data encryption of a database: on, off, and what it shows. */
import { randomBytes } from 'node:crypto'
import { jsonOf, objectField } from '../arm/input.ts'
import { inGroup } from '../arm/scope.ts'
import { type Json, Refusal, type Reply, type Route, type TwinRequest } from '../route.ts'
import type { Twin } from '../twin.ts'
import { VaultAccessError } from '../vault/vault-keys.ts'
import { unwrapDataKey, wrapDataKey } from './data-key.ts'
import {
  DATABASE_TYPE,
  type Database,
  databaseId,
  openPage,
  putDatabase,
  requireAccessible,
  requireDatabase,
  requireNotMaster,
  sealPage,
} from './database.ts'
import type { Keeper } from './keeper.ts'
import { begin } from './operation.ts'
import { protectorOf, requireServer, SERVER_TYPE, type SqlServer } from './server.ts'
import { refusalOf } from './vault-key.ts'

/** @returns the routes of `databases/transparentDataEncryption` */
export function encryptionRoutes(twin: Twin, keeper: Keeper): Route[] {
  const all = inGroup(`${SERVER_TYPE}/:server/databases/:database/transparentDataEncryption`)
  const one = `${all}/current`
  const found = (request: TwinRequest) => {
    const server = requireServer(twin, request)
    keeper.look(server, 'due')
    const database = requireDatabase(twin, server, request)
    requireAccessible(database)
    return { server, database }
  }
  const shownOne = (request: TwinRequest): Json => {
    const { server, database } = found(request)
    return shown(twin, server, database)
  }
  const put = (request: TwinRequest): Reply => {
    const { server, database } = found(request)
    const reply = change(twin, request, server, database)
    keeper.look(server, 'now')
    return reply
  }
  return [
    { method: 'GET', path: all, handle: (request) => ({ status: 200, body: { value: [shownOne(request)] } }) },
    { method: 'GET', path: one, handle: (request) => ({ status: 200, body: shownOne(request) }) },
    { method: 'PUT', path: one, handle: put },
  ]
}

function change(twin: Twin, request: TwinRequest, server: SqlServer, database: Database): Reply {
  const { state } = objectField(jsonOf(request), 'properties')
  if (state !== 'Enabled' && state !== 'Disabled')
    throw new Refusal(400, 'InvalidParameterValue', "An invalid value was given to parameter 'state'.")
  requireNotMaster(database)
  if (state === stateOf(database)) return { status: 200, body: shown(twin, server, database) }
  return begin(twin, request, server, {
    name: 'TransparentDataEncryption',
    operation: state === 'Enabled' ? 'sql-database/encrypt' : 'sql-database/decrypt',
    resource: databaseId(twin, server, database.name),
    work: () => {
      const after = database.key ? decrypted(twin, server, database) : encrypted(twin, server, database)
      return { changes: [putDatabase(twin, after)], result: shown(twin, server, after) }
    },
  })
}

/**
 * @returns the database with its page under a new key of its own, which the server's protector has wrapped
 * @throws Refusal if the protector cannot be used
 */
export function encrypted(twin: Twin, server: SqlServer, database: Database): Database {
  const dataKey = randomBytes(32)
  const key = refusing(server, () => wrapDataKey(twin, server, protectorOf(server)?.uri ?? null, dataKey))
  return { ...database, key, page: sealPage(database.page, dataKey) }
}

function decrypted(twin: Twin, server: SqlServer, database: Database): Database {
  const dataKey = refusing(server, () => unwrapDataKey(twin, server, database.key!))
  return { ...database, key: null, page: openPage(database.page, dataKey) }
}

function refusing<T>(server: SqlServer, use: () => T): T {
  try {
    return use()
  } catch (error) {
    throw error instanceof VaultAccessError ? refusalOf(error, server) : error
  }
}

const stateOf = (database: Database) => (database.key ? 'Enabled' : 'Disabled')

function shown(twin: Twin, server: SqlServer, database: Database): Json {
  return {
    id: `${databaseId(twin, server, database.name)}/transparentDataEncryption/current`,
    name: 'current',
    type: `${DATABASE_TYPE}/transparentDataEncryption`,
    properties: { state: stateOf(database) },
  }
}
