/** Shows keys, and changes what about a key may be changed. */
import { jsonBody, type Reply, type Route } from '../route.ts'
import type { Twin } from '../twin.ts'
import { bundle, item, versionItem } from './bundle.ts'
import { type Call, commitKey, operation, requireKey, requireVersion } from './call.ts'
import { requireFit } from './create.ts'
import { bad, settings } from './input.ts'
import { keyState, keyTable, putKey } from './key.ts'
import { page } from './page.ts'

/** @returns the routes for keys that live */
export const readRoutes = (twin: Twin): Route[] => [
  operation(twin, 'GET', '/keys', 'list', listKeys),
  operation(twin, 'GET', '/keys/:name/versions', 'list', listVersions),
  operation(twin, 'GET', '/keys/:name', 'get', getKey),
  operation(twin, 'GET', '/keys/:name/:version', 'get', getKey),
  operation(twin, 'PATCH', '/keys/:name', 'update', updateKey),
  operation(twin, 'PATCH', '/keys/:name/:version', 'update', updateKey),
]

function getKey(call: Call): Reply {
  const { key, version } = requireVersion(call)
  return { status: 200, body: bundle(call.vault, key, version) }
}

function listKeys({ twin, vault, request }: Call): Reply {
  const now = twin.clock.now()
  const keys = keyTable(twin.store)
    .rows()
    .filter((key) => key.vault === vault.name && keyState(key, now) === 'active')
  return { status: 200, body: page(request, keys, (key) => item(vault, key)) }
}

function listVersions(call: Call): Reply {
  const key = requireKey(call)
  return { status: 200, body: page(call.request, key.versions, (version) => versionItem(call.vault, key, version)) }
}

function updateKey(call: Call): Reply {
  const { key, version } = requireVersion(call)
  const body = jsonBody(call.request)
  const wanted = settings(body, body.key_ops, version)
  requireFit(version.kty, wanted)
  if (wanted.operations.includes('import') !== version.operations.includes('import')) {
    throw bad('The key operation "import" can be neither added to a key nor taken from it.')
  }
  const changed = { ...version, ...wanted, updated: call.twin.clock.now() }
  const versions = key.versions.map((each) => (each.id === version.id ? changed : each))
  commitKey(call, 'key/update', key, changed, putKey(call.twin.store, { ...key, versions }))
  return { status: 200, body: bundle(call.vault, key, changed) }
}
