/** Data encryption keys: wrapped by a vault's key with the server's own identity, or by the service's own key. */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Twin } from '../twin.ts'
import type { WrappedKey } from './database.ts'
import type { SqlServer } from './server.ts'

/** The standard's initial value of AES key wrap (RFC 3394). */
const IV = Buffer.alloc(8, 0xa6)

/**
 * @param kid the key of a vault that shall wrap it; null for the service's own
 * @throws VaultAccessError
 */
export function wrapDataKey(twin: Twin, server: SqlServer, kid: string | null, key: Buffer): WrappedKey {
  if (kid !== null) {
    const wrapped = twin.vaultKeys.wrap(principalOf(server), kid, key)
    return { kid: wrapped.kid, bytes: wrapped.bytes.toString('base64') }
  }
  const cipher = createCipheriv('id-aes256-wrap', Buffer.from(server.serviceKey, 'base64'), IV)
  return { kid: null, bytes: Buffer.concat([cipher.update(key), cipher.final()]).toString('base64') }
}

/** @throws VaultAccessError */
export function unwrapDataKey(twin: Twin, server: SqlServer, wrapped: WrappedKey): Buffer {
  const bytes = Buffer.from(wrapped.bytes, 'base64')
  if (wrapped.kid !== null) return twin.vaultKeys.unwrap(principalOf(server), wrapped.kid, bytes)
  const decipher = createDecipheriv('id-aes256-wrap', Buffer.from(server.serviceKey, 'base64'), IV)
  return Buffer.concat([decipher.update(bytes), decipher.final()])
}

/** A server without an identity is nobody: no access policy names it. */
export const principalOf = (server: SqlServer): string => server.identity?.principalId ?? ''
