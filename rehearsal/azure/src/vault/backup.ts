/** Backups of keys: sealed, so that only vaults of the same subscription and geography can restore them. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { geographyOf } from '../arm/locations.ts'
import { jsonBody, type Reply, type Route } from '../route.ts'
import type { Twin } from '../twin.ts'
import { bundle } from './bundle.ts'
import { type Call, commitKey, conflict, operation, requireKey, requireUsableName } from './call.ts'
import { bad, base64url } from './input.ts'
import { type Key, newest, putKey } from './key.ts'

const CIPHER = 'aes-256-gcm'
const NONCE = 12
const TAG = 16

/** @returns the routes for backup and restore */
export const backupRoutes = (twin: Twin): Route[] => [
  operation(twin, 'POST', '/keys/:name/backup', 'backup', backup),
  operation(twin, 'POST', '/keys/restore', 'restore', restore),
]

interface Backup {
  readonly geography: string
  readonly key: Key
}

function backup(call: Call): Reply {
  const content: Backup = { geography: geographyOf(call.vault.location), key: requireKey(call) }
  const nonce = randomBytes(NONCE)
  const cipher = createCipheriv(CIPHER, sealingKey(call.twin), nonce)
  const sealed = [nonce, cipher.update(JSON.stringify(content)), cipher.final(), cipher.getAuthTag()]
  return { status: 200, body: { value: Buffer.concat(sealed).toString('base64url') } }
}

function restore(call: Call): Reply {
  const { geography, key: from } = opened(call.twin, base64url(jsonBody(call.request), 'value'))
  if (geography !== geographyOf(call.vault.location)) {
    throw bad('The backup was made in another geography; a key can only be restored within the geography that it was backed up in.')
  }
  if (requireUsableName({ ...call, name: from.name })) {
    throw conflict(`Key ${from.name} already exists; restore needs a name that is not in use.`, 'ObjectAlreadyExists')
  }
  const key: Key = { ...from, vault: call.vault.name, deleted: null, recoveredAt: null }
  commitKey(call, 'key/restore', key, undefined, putKey(call.twin.store, key))
  return { status: 200, body: bundle(call.vault, key, newest(key)) }
}

function opened(twin: Twin, sealed: Buffer): Backup {
  try {
    const decipher = createDecipheriv(CIPHER, sealingKey(twin), sealed.subarray(0, NONCE))
    decipher.setAuthTag(sealed.subarray(-TAG))
    const content = Buffer.concat([decipher.update(sealed.subarray(NONCE, -TAG)), decipher.final()])
    return JSON.parse(content.toString('utf8')) as Backup
  } catch {
    throw bad('The backup blob is not one that this service made, or it was altered.')
  }
}

function sealingKey(twin: Twin): Buffer {
  const keys = twin.store.table<string>('sealing-keys')
  if (!keys.get('backup')) {
    const change = keys.put('backup', randomBytes(32).toString('base64'))
    twin.store.commit({ principal: 'twin', operation: 'sealing-key/create', resource: 'backup' }, change)
  }
  return Buffer.from(keys.get('backup')!, 'base64')
}
