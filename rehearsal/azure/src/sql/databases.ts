/** Databases in the resource manager: show, tag, drop. */
import { jsonOf, objectField } from '../arm/input.ts'
import { inGroup } from '../arm/scope.ts'
import type { Json, Reply, Route, TwinRequest } from '../route.ts'
import type { Twin } from '../twin.ts'
import {
  DATABASE_TYPE,
  type Database,
  databaseId,
  databasesOf,
  MASTER,
  putDatabase,
  removeDatabase,
  requireAccessible,
  requireDatabase,
  requireNotMaster,
} from './database.ts'
import type { Keeper } from './keeper.ts'
import { begin } from './operation.ts'
import { requireServer, SERVER_TYPE, type SqlServer } from './server.ts'

/** @returns the routes of `servers/databases` */
export function databaseRoutes(twin: Twin, keeper: Keeper): Route[] {
  const server = inGroup(`${SERVER_TYPE}/:server`)
  const one = `${server}/databases/:database`
  const looked = (request: TwinRequest): SqlServer => {
    const found = requireServer(twin, request)
    keeper.look(found, 'due')
    return found
  }
  const onDatabase = (handle: (server: SqlServer, database: Database, request: TwinRequest) => Reply) => (request: TwinRequest) => {
    const found = looked(request)
    return handle(found, requireDatabase(twin, found, request), request)
  }
  const list = (wanted: (database: Database) => boolean) => (request: TwinRequest) => {
    const found = looked(request)
    const databases = databasesOf(twin, found).filter(wanted)
    return { status: 200, body: { value: databases.map((database) => shown(twin, found, database)) } }
  }
  return [
    { method: 'GET', path: `${server}/databases`, handle: list(() => true) },
    { method: 'GET', path: `${server}/inaccessibleDatabases`, handle: list(({ inaccessible }) => inaccessible !== null) },
    { method: 'GET', path: one, handle: onDatabase((found, database) => ({ status: 200, body: shown(twin, found, database) })) },
    { method: 'PATCH', path: one, handle: onDatabase((found, database, request) => tag(twin, request, found, database)) },
    { method: 'DELETE', path: one, handle: onDatabase((found, database, request) => drop(twin, request, found, database)) },
  ]
}

function tag(twin: Twin, request: TwinRequest, server: SqlServer, database: Database): Reply {
  requireAccessible(database)
  const after = { ...database, tags: objectField(jsonOf(request), 'tags') }
  return begin(twin, request, server, {
    name: 'Database',
    operation: 'sql-database/update',
    resource: databaseId(twin, server, database.name),
    work: () => ({ changes: [putDatabase(twin, after)], result: shown(twin, server, after) }),
  })
}

/** The one thing that can be done with a database that is inaccessible. */
function drop(twin: Twin, request: TwinRequest, server: SqlServer, database: Database): Reply {
  requireNotMaster(database)
  return begin(twin, request, server, {
    name: 'DropDatabase',
    operation: 'sql-database/delete',
    resource: databaseId(twin, server, database.name),
    work: () => ({ changes: [removeDatabase(twin, database)] }),
  })
}

/** A database as the resource manager shows it. */
function shown(twin: Twin, server: SqlServer, database: Database): Json {
  const system = database.name === MASTER
  const sku = system
    ? { name: 'System', tier: 'System', capacity: 0 }
    : { name: 'GP_Gen5', tier: 'GeneralPurpose', family: 'Gen5', capacity: 2 }
  return {
    id: databaseId(twin, server, database.name),
    name: database.name,
    type: DATABASE_TYPE,
    location: server.location,
    tags: database.tags,
    kind: system ? 'v12.0,system' : 'v12.0,user,vcore',
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
