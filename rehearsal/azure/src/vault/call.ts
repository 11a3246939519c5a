/** A call to a vault: what every operation of the data plane begins with. */
import { callerOf, type Principal, Refusal, type Reply, type Route, type TwinRequest } from '../route.ts'
import type { Twin } from '../twin.ts'
import { type KeyPermission, requirePermission } from './access.ts'
import { type Key, type KeyVersion, keyId, keyOf, keyState, versionOf } from './key.ts'
import { livingVault, type Vault } from './vault.ts'

export interface Call {
  readonly twin: Twin
  readonly vault: Vault
  readonly request: TwinRequest
  readonly caller: Principal
  /** The key's name in the path; '' where the path has none. */
  readonly name: string
}

const NAME = /^[0-9a-zA-Z-]{1,127}$/

/** @returns a route that runs only for callers who have the permission */
export function operation(
  twin: Twin,
  method: Route['method'],
  path: string,
  permission: KeyPermission,
  run: (call: Call) => Reply | Promise<Reply>,
): Route {
  return {
    method,
    path,
    handle(request) {
      const vault = livingVault(twin.store, request.label)!
      const caller = callerOf(request)
      const name = request.params.name ?? ''
      if (request.params.name !== undefined && !NAME.test(name)) {
        throw new Refusal(
          400,
          'BadParameter',
          'The request URI contains an invalid name: only letters, digits and dashes, 1 to 127 of them.',
        )
      }
      requirePermission(vault, caller, permission)
      return run({ twin, vault, request, caller, name })
    },
  }
}

/** Makes a change and writes down who did what to which key. */
export function commitKey(
  call: Call,
  what: string,
  key: Key,
  version: KeyVersion | undefined,
  ...changes: Parameters<Twin['store']['commit']>[1][]
): void {
  call.twin.store.commit({ principal: call.caller.objectId, operation: what, resource: keyId(key, version) }, ...changes)
}

/** @returns the key, if it lives @throws Refusal KeyNotFound */
export function requireKey({ twin, vault, name }: Call): Key {
  const key = keyOf(twin.store, vault.name, name)
  // A key that is being recovered cannot be seen yet.
  if (key && keyState(key, twin.clock.now()) === 'active') return key
  throw notFound(name)
}

/** @returns the key and the version in the path, or the newest @throws Refusal KeyNotFound */
export function requireVersion(call: Call): { key: Key; version: KeyVersion } {
  const key = requireKey(call)
  const id = call.request.params.version ?? ''
  const version = versionOf(key, id)
  if (!version) throw notFound(`${call.name}/${id}`)
  return { key, version }
}

function notFound(name: string): Refusal {
  const message = `A key with (name/id) ${name} was not found in this key vault. If you recently deleted this key you may be able to recover it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182`
  return new Refusal(404, 'KeyNotFound', message)
}

/**
 * @returns the key that a new version would be added to, or undefined for a free name
 * @throws Refusal 409 for a name that is not free because of what was deleted
 */
export function requireUsableName({ twin, vault, name }: Call): Key | undefined {
  const key = keyOf(twin.store, vault.name, name)
  const state = keyState(key, twin.clock.now())
  switch (state) {
    case 'active':
      return key
    case 'gone':
      return undefined
    case 'deleted':
      throw conflict(
        `Key ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the key can only be recovered or purged.`,
        'ObjectIsDeletedButRecoverable',
      )
    case 'being-deleted':
      throw conflict(`Key ${name} is currently being deleted and cannot be re-created; retry later.`, 'ObjectIsBeingDeleted')
    case 'being-recovered':
      throw conflict(`Key ${name} is currently being recovered and cannot be re-created; retry later.`, 'ObjectIsBeingRecovered')
  }
}

export function conflict(message: string, inner: string): Refusal {
  return new Refusal(409, 'Conflict', message, { inner })
}
