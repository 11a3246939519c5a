/** Keys that a SQL server knows: those of vaults, and the one that the service looks after. */
import { createHash } from 'node:crypto'
import { jsonOf } from '../arm/input.ts'
import { inGroup } from '../arm/scope.ts'
import { isObject, type Json, Refusal, type Reply, type Route, type TwinRequest } from '../route.ts'
import type { Twin } from '../twin.ts'
import { parseKeyId } from '../vault/key.ts'
import { begin } from './operation.ts'
import { putServer, requireServer, SERVER_TYPE, type ServerKey, type SqlServer, serverId } from './server.ts'
import { requireUsableKey } from './vault-key.ts'

const SERVICE_MANAGED = 'ServiceManaged'

/** @returns the routes of `servers/keys` */
export function keyRoutes(twin: Twin): Route[] {
  const all = inGroup(`${SERVER_TYPE}/:server/keys`)
  const one = `${all}/:key`
  return [
    { method: 'GET', path: all, handle: (request) => list(twin, requireServer(twin, request)) },
    { method: 'GET', path: one, handle: (request) => get(twin, request) },
    { method: 'PUT', path: one, handle: (request) => put(twin, request) },
    { method: 'DELETE', path: one, handle: (request) => remove(twin, request) },
  ]
}

/** @returns the key of that name @throws Refusal ServerKeyNotFound */
export function requireKey(server: SqlServer, name: string): ServerKey {
  const key = server.keys.find((one) => one.name.toLowerCase() === name.toLowerCase())
  if (key) return key
  throw new Refusal(404, 'ServerKeyNotFound', `The requested server key '${name}' was not found on the current subscription.`)
}

function list(twin: Twin, server: SqlServer): Reply {
  return { status: 200, body: { value: [serviceManaged(twin, server), ...server.keys.map((key) => shown(twin, server, key))] } }
}

function get(twin: Twin, request: TwinRequest): Reply {
  const server = requireServer(twin, request)
  const name = request.params.key!
  if (name.toLowerCase() === SERVICE_MANAGED.toLowerCase()) return { status: 200, body: serviceManaged(twin, server) }
  return { status: 200, body: shown(twin, server, requireKey(server, name)) }
}

function put(twin: Twin, request: TwinRequest): Reply {
  const server = requireServer(twin, request)
  const uri = requireUri(jsonOf(request))
  const name = requireName(request.params.key!, uri)
  const present = server.keys.find((key) => key.name === name)
  if (present) return { status: 200, body: shown(twin, server, present) }
  return begin(twin, request, server, {
    name: 'ServerKey',
    operation: 'sql-key/create',
    resource: `${serverId(twin, server)}/keys/${name}`,
    work: () => {
      requireUsableKey(twin, server, uri)
      const thumbprint = createHash('sha1').update(uri).digest('hex').toUpperCase()
      const key = { name, uri, thumbprint, createdAt: twin.clock.now() }
      return { changes: [putServer(twin, { ...server, keys: [...server.keys, key] })], result: shown(twin, server, key) }
    },
  })
}

function remove(twin: Twin, request: TwinRequest): Reply {
  const server = requireServer(twin, request)
  const key = requireKey(server, request.params.key!)
  return begin(twin, request, server, {
    name: 'ServerKey',
    operation: 'sql-key/delete',
    resource: `${serverId(twin, server)}/keys/${key.name}`,
    work: () => {
      if (server.protector === key.name)
        throw new Refusal(409, 'AzureKeyVaultKeyInUse', `The key '${key.uri}' is currently being used by server '${server.name}'.`)
      return { changes: [putServer(twin, { ...server, keys: server.keys.filter((one) => one !== key) })] }
    },
  })
}

/** @throws Refusal for what is not the description of a vault's key */
function requireUri(body: Json): string {
  const { properties } = body
  if (!isObject(properties)) {
    throw new Refusal(400, 'InvalidKeyUpsertRequest', 'The create server key request does not exist or has no properties object.')
  }
  if (properties.serverKeyType === SERVICE_MANAGED) {
    const message =
      "Service-managed TDE keys are managed by the service. Service-managed TDE keys don't support Create or Update by the user."
    throw new Refusal(400, 'InvalidUpsertKeyType', message)
  }
  if (properties.serverKeyType !== 'AzureKeyVault') throw new Refusal(400, 'InvalidKeyType', 'The create server key type is not supported.')
  if (typeof properties.uri !== 'string' || properties.uri === '')
    throw new Refusal(
      400,
      'SecurityAzureKeyVaultUrlNullOrEmpty',
      'The operation could not be completed because the Azure Key Vault Uri is null or empty.',
    )
  return properties.uri
}

/** @throws Refusal if the name is not the one that belongs to the key */
function requireName(name: string, uri: string): string {
  const id = parseKeyId(uri)
  if (!id?.version)
    throw new Refusal(400, 'AzureKeyVaultMalformedVaultUri', `The provided Key Vault uri '${uri.slice(0, 300)}' is not valid.`)
  const expected = `${id.vault}_${id.name}_${id.version}`
  if (name.toLowerCase() === expected.toLowerCase()) return expected
  const message = `The operation could not be completed because of an invalid Server Key name '${name}'. The key name should be in the format of 'vault_key_version': '${expected}'.`
  throw new Refusal(400, 'SecurityAzureKeyVaultInvalidKeyName', message)
}

function serviceManaged(twin: Twin, server: SqlServer): Json {
  return resource(twin, server, SERVICE_MANAGED, 'servicemanaged', { serverKeyType: SERVICE_MANAGED })
}

function shown(twin: Twin, server: SqlServer, key: ServerKey): Json {
  const { uri, thumbprint, createdAt } = key
  const creationDate = new Date(createdAt).toISOString()
  return resource(twin, server, key.name, 'azurekeyvault', { serverKeyType: 'AzureKeyVault', uri, thumbprint, creationDate })
}

function resource(twin: Twin, server: SqlServer, name: string, kind: string, properties: Json): Json {
  return { id: `${serverId(twin, server)}/keys/${name}`, name, type: `${SERVER_TYPE}/keys`, kind, location: server.location, properties }
}
