/** A SQL server as the twin keeps it. */
import { randomBytes } from 'node:crypto'
import type { Identity } from '../arm/identity.ts'
import { requireGroup, resourceId, resourceNotFound } from '../arm/scope.ts'
import type { Json, TwinRequest } from '../route.ts'
import type { Change, Table } from '../store.ts'
import type { Twin } from '../twin.ts'

export interface ServerKey {
  /** `{vault}_{key}_{version}` */
  readonly name: string
  /** As the client gave it, with the version. */
  readonly uri: string
  readonly thumbprint: string
  readonly createdAt: number
}

export interface SqlServer {
  readonly name: string
  readonly group: string
  readonly location: string
  readonly tags: Json
  readonly identity: Identity | null
  readonly administratorLogin: string
  readonly minimalTlsVersion: string
  readonly publicNetworkAccess: string
  readonly keys: readonly ServerKey[]
  /** Name of the key that wraps the databases' keys; null while the service's own does. */
  readonly protector: string | null
  /** What wraps the databases' keys where the service looks after that itself: AES-256, base64. */
  readonly serviceKey: string
}

export const SERVER_TYPE = 'Microsoft.Sql/servers'

/** Servers by lower-case name: it is unique in the world. */
export const serverTable = (twin: Twin): Table<SqlServer> => twin.store.table<SqlServer>('sql-servers')
export const putServer = (twin: Twin, server: SqlServer): Change => serverTable(twin).put(server.name.toLowerCase(), server)
export const serverId = (twin: Twin, server: SqlServer): string => resourceId(twin, server.group, SERVER_TYPE, server.name)

/** @returns a server as it is before anybody has set anything */
export function newServer(place: Pick<SqlServer, 'name' | 'group' | 'location' | 'administratorLogin'>): SqlServer {
  return {
    ...place,
    tags: {},
    identity: null,
    minimalTlsVersion: '1.2',
    publicNetworkAccess: 'Enabled',
    keys: [],
    protector: null,
    serviceKey: randomBytes(32).toString('base64'),
  }
}

/** @returns the server that the path names @throws Refusal ResourceNotFound */
export function requireServer(twin: Twin, request: TwinRequest): SqlServer {
  const group = requireGroup(twin, request)
  const server = serverTable(twin).get(request.params.server!.toLowerCase())
  if (server?.group !== group.name) throw resourceNotFound(SERVER_TYPE, request.params.server!, group.name)
  return server
}

/** @returns the key that is the protector, if it is one of a vault */
export const protectorOf = (server: SqlServer): ServerKey | undefined => server.keys.find(({ name }) => name === server.protector)
