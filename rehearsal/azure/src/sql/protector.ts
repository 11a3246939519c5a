/** The encryption protector of a SQL server: the key that wraps the keys of its databases. */
import { jsonOf, objectField, optionalBoolean } from '../arm/input.ts'
import { inGroup } from '../arm/scope.ts'
import { type Json, Refusal, type Reply, type Route, type TwinRequest } from '../route.ts'
import type { Change } from '../store.ts'
import type { Twin } from '../twin.ts'
import { VaultAccessError } from '../vault/vault-keys.ts'
import { unwrapDataKey, wrapDataKey } from './data-key.ts'
import { databasesOf, putDatabase, requireAccessible } from './database.ts'
import type { Keeper } from './keeper.ts'
import { requireKey } from './keys.ts'
import { begin } from './operation.ts'
import { protectorOf, putServer, requireServer, SERVER_TYPE, type SqlServer, serverId } from './server.ts'
import { refusalOf, requireUsableKey } from './vault-key.ts'

const SERVICE_MANAGED = 'ServiceManaged'

/** @returns the routes of `servers/encryptionProtector` */
export function protectorRoutes(twin: Twin, keeper: Keeper): Route[] {
  const all = inGroup(`${SERVER_TYPE}/:server/encryptionProtector`)
  const one = `${all}/:protector`
  return [
    {
      method: 'GET',
      path: all,
      handle: (request) => ({ status: 200, body: { value: [shown(twin, requireServer(twin, request))] } }),
    },
    { method: 'GET', path: one, handle: (request) => ({ status: 200, body: shown(twin, current(twin, request)) }) },
    { method: 'PUT', path: one, handle: (request) => put(twin, keeper, request) },
    { method: 'POST', path: `${one}/revalidate`, handle: (request) => revalidate(twin, keeper, request) },
  ]
}

/** @throws Refusal if it is not `current` that the path names */
function current(twin: Twin, request: TwinRequest): SqlServer {
  const server = requireServer(twin, request)
  if (request.params.protector!.toLowerCase() === 'current') return server
  throw new Refusal(400, 'InvalidEncryptionProtectorName', 'The encryption protector key name is not supported.')
}

function put(twin: Twin, keeper: Keeper, request: TwinRequest): Reply {
  const server = current(twin, request)
  const wanted = requireWanted(objectField(jsonOf(request), 'properties'))
  if (wanted === server.protector) return { status: 200, body: shown(twin, server) }
  const reply = begin(twin, request, server, {
    name: 'EncryptionProtector',
    operation: 'sql-protector/set',
    resource: idOf(twin, server),
    work: () => {
      const key = wanted === null ? null : requireKey(server, wanted)
      if (key) requireUsableKey(twin, server, key.uri)
      const after = { ...server, protector: key?.name ?? null }
      return { changes: [putServer(twin, after), ...rewrapped(twin, server, key?.uri ?? null)], result: shown(twin, after) }
    },
  })
  keeper.look(requireServer(twin, request), 'now')
  return reply
}

/** Data are not encrypted again: only their keys change hands. */
function rewrapped(twin: Twin, server: SqlServer, kid: string | null): Change[] {
  const databases = databasesOf(twin, server)
  databases.forEach(requireAccessible)
  try {
    return databases.flatMap((database) => {
      if (!database.key) return []
      const key = wrapDataKey(twin, server, kid, unwrapDataKey(twin, server, database.key))
      return [putDatabase(twin, { ...database, key })]
    })
  } catch (error) {
    throw error instanceof VaultAccessError ? refusalOf(error, server) : error
  }
}

function revalidate(twin: Twin, keeper: Keeper, request: TwinRequest): Reply {
  const server = current(twin, request)
  return begin(twin, request, server, {
    name: 'EncryptionProtector',
    operation: 'sql-protector/revalidate',
    resource: idOf(twin, server),
    work: () => {
      const key = protectorOf(server)
      if (key) requireUsableKey(twin, server, key.uri)
      const waiting = databasesOf(twin, server).filter((database) => database.inaccessible && keeper.opens(server, database))
      return { changes: waiting.map((database) => putDatabase(twin, { ...database, inaccessible: keeper.healing(database) })) }
    },
  })
}

/** @returns the name of the key that is wanted; null for the service's own */
function requireWanted(properties: Json): string | null {
  const { serverKeyType, serverKeyName } = properties
  if (optionalBoolean(properties, 'autoRotationEnabled'))
    throw new Refusal(501, 'NotImplemented', 'The twin does not rotate protectors by itself.')
  if (serverKeyType === SERVICE_MANAGED) return null
  if (serverKeyType !== 'AzureKeyVault') throw new Refusal(400, 'InvalidKeyType', 'The create server key type is not supported.')
  if (typeof serverKeyName === 'string' && serverKeyName !== '') return serverKeyName
  throw new Refusal(400, 'InvalidKeyName', 'An invalid value was given for the server key name.')
}

const idOf = (twin: Twin, server: SqlServer): string => `${serverId(twin, server)}/encryptionProtector/current`

function shown(twin: Twin, server: SqlServer): Json {
  const key = protectorOf(server)
  const properties = key
    ? { serverKeyName: key.name, serverKeyType: 'AzureKeyVault', uri: key.uri, thumbprint: key.thumbprint }
    : { serverKeyName: SERVICE_MANAGED, serverKeyType: SERVICE_MANAGED }
  return {
    id: idOf(twin, server),
    name: 'current',
    type: `${SERVER_TYPE}/encryptionProtector`,
    kind: key ? 'azurekeyvault' : 'servicemanaged',
    location: server.location,
    properties: { ...properties, autoRotationEnabled: false },
  }
}
