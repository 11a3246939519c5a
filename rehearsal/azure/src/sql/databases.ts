/** Databases in the resource manager: show, drop, and their transparent data encryption. */
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
  databasesOf,
  MASTER,
  openPage,
  putDatabase,
  removeDatabase,
  requireAccessible,
  requireDatabase,
  sealPage,
} from './database.ts'
import type { Keeper } from './keeper.ts'
import { begin } from './operation.ts'
import { protectorOf, requireServer, SERVER_TYPE, type SqlServer } from './server.ts'
import { refusalOf } from './vault-key.ts'

/** @returns the routes of `servers/databases` */
export function databaseRoutes(twin: Twin, keeper: Keeper): Route[] {
  const all = inGroup(`${SERVER_TYPE}/:server/databases`)
  const one = `${all}/:database`
  const tde = `${one}/transparentDataEncryption`
  const served = (request: TwinRequest): SqlServer => {
    const server = requireServer(twin, request)
    keeper.look(server, 'due')
    return server
  }
  const database = (request: TwinRequest) => {
    const server = served(request)
    return { server, database: requireDatabase(twin, server, request) }
  }
  const encryption = (request: TwinRequest) => {
    const found = database(request)
    requireAccessible(found.database)
    return found
  }
  return [
    {
      method: 'GET',
      path: all,
      handle: (request) => {
        const server = served(request)
        return { status: 200, body: { value: databasesOf(twin, server).map((one) => shown(twin, server, one)) } }
      },
    },
    {
      method: 'GET',
      path: one,
      handle: (request) => {
        const found = database(request)
        return { status: 200, body: shown(twin, found.server, found.database) }
      },
    },
    {
      method: 'DELETE',
      path: one,
      handle: (request) => {
        const found = database(request)
        return drop(twin, request, found.server, found.database)
      },
    },
    {
      method: 'GET',
      path: tde,
      handle: (request) => {
        const found = encryption(request)
        return { status: 200, body: { value: [shownEncryption(twin, found.server, found.database)] } }
      },
    },
    {
      method: 'GET',
      path: `${tde}/current`,
      handle: (request) => {
        const found = encryption(request)
        return { status: 200, body: shownEncryption(twin, found.server, found.database) }
      },
    },
    {
      method: 'PUT',
      path: `${tde}/current`,
      handle: (request) => {
        const found = encryption(request)
        const reply = encrypt(twin, request, found.server, found.database)
        keeper.look(found.server, 'now')
        return reply
      },
    },
  ]
}

/** What is left to do with a database that is inaccessible. */
function drop(twin: Twin, request: TwinRequest, server: SqlServer, database: Database): Reply {
  requireNotMaster(database)
  return begin(twin, request, server, {
    name: 'DropDatabase',
    operation: 'sql-database/delete',
    resource: databaseId(twin, server, database.name),
    work: () => ({ changes: [removeDatabase(twin, database)] }),
  })
}

function encrypt(twin: Twin, request: TwinRequest, server: SqlServer, database: Database): Reply {
  const { state } = objectField(jsonOf(request), 'properties')
  if (state !== 'Enabled' && state !== 'Disabled')
    throw new Refusal(400, 'InvalidParameterValue', `An invalid value was given to parameter 'state'.`)
  requireNotMaster(database)
  if (state === stateOf(database)) return { status: 200, body: shownEncryption(twin, server, database) }
  return begin(twin, request, server, {
    name: 'TransparentDataEncryption',
    operation: state === 'Enabled' ? 'sql-database/encrypt' : 'sql-database/decrypt',
    resource: databaseId(twin, server, database.name),
    work: () => {
      const after = database.key ? decrypted(twin, server, database) : encrypted(twin, server, database)
      return { changes: [putDatabase(twin, after)], result: shownEncryption(twin, server, after) }
    },
  })
}

function encrypted(twin: Twin, server: SqlServer, database: Database): Database {
  const dataKey = randomBytes(32)
  return withVault(server, () => ({
    ...database,
    key: wrapDataKey(twin, server, protectorOf(server)?.uri ?? null, dataKey),
    page: sealPage(database.page, dataKey),
  }))
}

function decrypted(twin: Twin, server: SqlServer, database: Database): Database {
  return withVault(server, () => ({ ...database, key: null, page: openPage(database.page, unwrapDataKey(twin, server, database.key!)) }))
}

/** @returns a database under the service's own key, as every new one is */
export function encryptedAtFirst(twin: Twin, server: SqlServer, database: Database): Database {
  return encrypted(twin, server, database)
}

function withVault<T>(server: SqlServer, what: () => T): T {
  try {
    return what()
  } catch (error) {
    throw error instanceof VaultAccessError ? refusalOf(error, server) : error
  }
}

function requireNotMaster(database: Database): void {
  if (database.name === MASTER) throw new Refusal(400, 'InvalidDatabaseName', `This cannot be done to the system database '${MASTER}'.`)
}

const stateOf = (database: Database) => (database.key ? 'Enabled' : 'Disabled')

function shownEncryption(twin: Twin, server: SqlServer, database: Database): Json {
  return {
    id: `${databaseId(twin, server, database.name)}/transparentDataEncryption/current`,
    name: 'current',
    type: `${DATABASE_TYPE}/transparentDataEncryption`,
    properties: { state: stateOf(database) },
  }
}

/** A database as the resource manager shows it. */
function shown(twin: Twin, server: SqlServer, database: Database): Json {
  const sku =
    database.name === MASTER
      ? { name: 'System', tier: 'System', capacity: 0 }
      : { name: 'GP_Gen5', tier: 'GeneralPurpose', family: 'Gen5', capacity: 2 }
  return {
    id: databaseId(twin, server, database.name),
    name: database.name,
    type: DATABASE_TYPE,
    location: server.location,
    tags: database.tags,
    kind: database.name === MASTER ? 'v12.0,system' : 'v12.0,user,vcore',
    sku,
    properties: {
      collation: 'SQL_Latin1_General_CP1_CI_AS',
      status: database.inaccessible ? 'Inaccessible' : 'Online',
      databaseId: database.id,
      creationDate: new Date(database.createdAt).toISOString(),
      currentServiceObjectiveName: sku.name,
    },
  }
}
