/** SQL servers in the resource manager: make, show, change. */
import { changedIdentity } from '../arm/identity.ts'
import { jsonOf, objectField, stringField } from '../arm/input.ts'
import { requireLocation } from '../arm/locations.ts'
import { inGroup, inSubscription, requireGroup, requireSubscription } from '../arm/scope.ts'
import { SQL_SUFFIX } from '../hosts.ts'
import { type Json, Refusal, type Reply, type Route, type TwinRequest } from '../route.ts'
import type { Twin } from '../twin.ts'
import { masterOf, putDatabase } from './database.ts'
import { begin } from './operation.ts'
import { newServer, putServer, requireServer, SERVER_TYPE, type SqlServer, serverId, serverTable } from './server.ts'

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** @returns the routes of `Microsoft.Sql/servers` */
export function serverRoutes(twin: Twin): Route[] {
  const one = inGroup(`${SERVER_TYPE}/:server`)
  return [
    { method: 'GET', path: one, handle: (request) => ({ status: 200, body: shown(twin, requireServer(twin, request)) }) },
    { method: 'PUT', path: one, handle: (request) => put(twin, request) },
    { method: 'PATCH', path: one, handle: (request) => patch(twin, request) },
    { method: 'GET', path: inGroup(SERVER_TYPE), handle: (request) => list(twin, requireGroup(twin, request).name) },
    {
      method: 'GET',
      path: inSubscription(SERVER_TYPE),
      handle: (request) => {
        requireSubscription(twin, request)
        return list(twin)
      },
    },
  ]
}

function list(twin: Twin, group?: string): Reply {
  const servers = serverTable(twin)
    .rows()
    .filter((server) => group === undefined || server.group === group)
  return { status: 200, body: { value: servers.map((server) => shown(twin, server)) } }
}

function put(twin: Twin, request: TwinRequest): Reply {
  const group = requireGroup(twin, request)
  const name = request.params.server!.toLowerCase()
  const body = jsonOf(request)
  const location = requireLocation(stringField(body, 'location'))
  const existing = serverTable(twin).get(name)
  if (existing) {
    if (existing.group !== group.name)
      throw new Refusal(409, 'NameAlreadyExists', `The name '${name}' already exists. Choose a different name.`)
    if (existing.location !== location) throw otherLocation(existing, location)
    return save(twin, request, changed(twin, existing, body), 'sql-server/update')
  }
  if (!NAME.test(name)) throw new Refusal(400, 'InvalidServerName', `Invalid server name specified: '${name.slice(0, 70)}'.`)
  const made = newServer({ name, group: group.name, location, administratorLogin: requireLogin(objectField(body, 'properties')) })
  return save(twin, request, changed(twin, made, body), 'sql-server/create')
}

function patch(twin: Twin, request: TwinRequest): Reply {
  const existing = requireServer(twin, request)
  return save(twin, request, changed(twin, existing, jsonOf(request)), 'sql-server/update')
}

function save(twin: Twin, request: TwinRequest, server: SqlServer, operation: string): Reply {
  const before = serverTable(twin).get(server.name)
  // What changes nothing is no effect.
  if (JSON.stringify(before) === JSON.stringify(server)) return { status: 200, body: shown(twin, server) }
  const master = before ? [] : [putDatabase(twin, masterOf(twin, server))]
  return begin(twin, request, server, {
    name: 'Server',
    operation,
    resource: serverId(twin, server),
    work: () => ({ changes: [putServer(twin, server), ...master], result: shown(twin, server) }),
  })
}

/** @throws Refusal for what the twin does not know how to set */
function changed(twin: Twin, server: SqlServer, body: Json): SqlServer {
  const properties = objectField(body, 'properties')
  if (properties.keyId != null || properties.primaryUserAssignedIdentityId != null)
    throw new Refusal(501, 'NotImplemented', 'The twin takes a protector by encryptionProtector only, and has no user-assigned identities.')
  const text = (name: 'minimalTlsVersion' | 'publicNetworkAccess'): string =>
    properties[name] == null ? server[name] : stringField(properties, name)
  return {
    ...server,
    tags: body.tags == null ? server.tags : objectField(body, 'tags'),
    identity: body.identity == null ? server.identity : changedIdentity(objectField(body, 'identity'), server.identity, twin.seed.tenant),
    minimalTlsVersion: text('minimalTlsVersion'),
    publicNetworkAccess: text('publicNetworkAccess'),
  }
}

/** The password is looked at and forgotten. */
function requireLogin(properties: Json): string {
  const { administratorLogin: login, administratorLoginPassword: password } = properties
  if (typeof login !== 'string' || !/^[A-Za-z][A-Za-z0-9_.-]{0,127}$/.test(login))
    throw new Refusal(400, 'InvalidLoginName', 'The provided login name is invalid.')
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/].filter((kind) => kind.test(String(password))).length
  if (typeof password !== 'string' || password.length < 8 || password.length > 128 || kinds < 3)
    throw new Refusal(
      400,
      'PasswordNotComplex',
      'Password validation failed. The password does not meet policy requirements because it is not complex enough.',
    )
  return login
}

function otherLocation(existing: SqlServer, location: string): Refusal {
  const message = `The resource '${existing.name}' already exists in location '${existing.location}' in resource group '${existing.group}'. A resource with the same name cannot be created in location '${location}'. Please select a new resource name.`
  return new Refusal(409, 'InvalidResourceLocation', message)
}

/** A server as the resource manager shows it. */
function shown(twin: Twin, server: SqlServer): Json {
  return {
    id: serverId(twin, server),
    name: server.name,
    type: SERVER_TYPE,
    location: server.location,
    tags: server.tags,
    kind: 'v12.0',
    ...(server.identity ? { identity: server.identity } : {}),
    properties: {
      administratorLogin: server.administratorLogin,
      version: '12.0',
      state: 'Ready',
      fullyQualifiedDomainName: `${server.name}.${SQL_SUFFIX}`,
      privateEndpointConnections: [],
      minimalTlsVersion: server.minimalTlsVersion,
      publicNetworkAccess: server.publicNetworkAccess,
      restrictOutboundNetworkAccess: 'Disabled',
    },
  }
}
