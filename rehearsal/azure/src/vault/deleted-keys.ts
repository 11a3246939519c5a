/** Deleting keys, and what can be done with a deleted key. */
import { Refusal, type Reply, type Route } from '../route.ts'
import type { Twin } from '../twin.ts'
import { bundle, deletedBundle, deletedItem } from './bundle.ts'
import { type Call, commitKey, conflict, operation, requireKey } from './call.ts'
import { deleteKey, type Key, keyOf, keyState, keyTable, newest, putKey } from './key.ts'
import { page } from './page.ts'

/** @returns the routes that delete keys and handle deleted ones */
export const deletedKeyRoutes = (twin: Twin): Route[] => [
  operation(twin, 'DELETE', '/keys/:name', 'delete', remove),
  operation(twin, 'GET', '/deletedkeys', 'list', listDeleted),
  operation(twin, 'GET', '/deletedkeys/:name', 'get', getDeleted),
  operation(twin, 'POST', '/deletedkeys/:name/recover', 'recover', recover),
  operation(twin, 'DELETE', '/deletedkeys/:name', 'purge', purge),
]

function remove(call: Call): Reply {
  const key = deleteKey(requireKey(call), call.vault, call.twin.clock.now())
  commitKey(call, 'key/delete', key, undefined, putKey(call.twin.store, key))
  return { status: 200, body: deletedBundle(call.vault, key) }
}

function listDeleted({ twin, vault, request }: Call): Reply {
  const now = twin.clock.now()
  const keys = keyTable(twin.store)
    .rows()
    .filter((key) => key.vault === vault.name && keyState(key, now) === 'deleted')
  return { status: 200, body: page(request, keys, (key) => deletedItem(vault, key)) }
}

function getDeleted(call: Call): Reply {
  const key = keyOf(call.twin.store, call.vault.name, call.name)
  // Until the deletion has settled the key is in neither list.
  if (!key || keyState(key, call.twin.clock.now()) !== 'deleted') throw notFound(call.name)
  return { status: 200, body: deletedBundle(call.vault, key) }
}

function recover(call: Call): Reply {
  const before = requireDeleted(call)
  const key: Key = { ...before, deleted: null, recoveredAt: call.twin.clock.now() }
  commitKey(call, 'key/recover', key, undefined, putKey(call.twin.store, key))
  return { status: 200, body: bundle(call.vault, key, newest(key)) }
}

function purge(call: Call): Reply {
  const key = requireDeleted(call)
  if (call.vault.purgeProtection) {
    const message = `Operation "purge" is not allowed because purge protection is enabled for this vault. Key Vault service will automatically purge it after the retention period has passed.\r\nVault: ${call.vault.name};location=${call.vault.location}`
    throw new Refusal(403, 'Forbidden', message)
  }
  const place = `${key.vault}/${key.name}`.toLowerCase()
  commitKey(call, 'key/purge', key, undefined, keyTable(call.twin.store).remove(place))
  return { status: 204 }
}

/** @throws Refusal 404 KeyNotFound, or 409 ObjectIsBeingDeleted while the deletion settles */
function requireDeleted({ twin, vault, name }: Call): Key {
  const key = keyOf(twin.store, vault.name, name)
  const state = keyState(key, twin.clock.now())
  if (state === 'being-deleted') throw conflict('Key is currently being deleted.', 'ObjectIsBeingDeleted')
  if (!key || state !== 'deleted') throw notFound(name)
  return key
}

function notFound(name: string): Refusal {
  return new Refusal(404, 'KeyNotFound', `Deleted Key not found: ${name}`)
}
