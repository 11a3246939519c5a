/**
 * The accounts' data keys: wrapped on disk by the service's own key or by a customer's key in a vault, unwrapped only in
 * memory and only for minutes.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Store } from '../store.ts'
import type { Twin } from '../twin.ts'
import { VaultAccessError } from '../vault/vault-keys.ts'
import { accountTable, type StorageAccount, type WrappedDataKey } from './account.ts'

/** How long an unwrapped data key is good after the vault last agreed to its use. */
export const CACHED_MS = 5 * 60_000
/** How often the vault is asked again for the keys in the cache. */
export const ASKED_EVERY_MS = 60_000

const WRAP = 'id-aes256-wrap-pad'
/** RFC 5649, 3: the alternative initial value. */
const WRAP_IV = Buffer.from('a65959a6', 'hex')

/** The account has no identity that could ask the vault. */
export class NoIdentityError extends Error {}

export interface DataKeys {
  /** @returns a new data key, wrapped by the service's own key */
  create(): WrappedDataKey
  /** @returns the account's data key @throws VaultAccessError, NoIdentityError */
  open(account: StorageAccount): Buffer
  /** Wraps the account's data key anew; `kid` null is the service's own key. @throws VaultAccessError, NoIdentityError */
  rewrap(account: StorageAccount, kid: string | null): WrappedDataKey
}

/** @returns the data keys of a twin; from now on it asks the vaults about those in use */
export function dataKeysOf(twin: Twin): DataKeys {
  const cache = new Map<string, { readonly key: Buffer; readonly wrapped: string; goodUntil: number }>()
  const serviceKey = serviceKeyIn(twin.store)
  const goodUntil = (): number => twin.clock.now() + CACHED_MS

  // Access fades: a key that the vault no longer agrees to is used until it is too old, and then it is gone from memory.
  const askAgain = (): void => {
    for (const [name, cached] of cache) {
      const account = accountTable(twin.store).get(name)!
      try {
        if (account.dataKey.by !== null) twin.vaultKeys.requireUnwrap(principalOf(account), account.dataKey.by)
        cached.goodUntil = goodUntil()
      } catch (error) {
        if (!isRefusal(error)) throw error
        if (twin.clock.now() >= cached.goodUntil) cache.delete(name)
      }
    }
  }
  setInterval(askAgain, Math.max(1, ASKED_EVERY_MS / twin.clock.scale)).unref()

  const unwrap = (account: StorageAccount): Buffer => {
    const bytes = Buffer.from(account.dataKey.bytes, 'base64')
    return account.dataKey.by === null
      ? unwrapByService(serviceKey, bytes)
      : twin.vaultKeys.unwrap(principalOf(account), account.dataKey.by, bytes)
  }
  const open = (account: StorageAccount): Buffer => {
    const cached = cache.get(account.name)
    if (cached?.wrapped === account.dataKey.bytes && twin.clock.now() < cached.goodUntil) return cached.key
    const key = unwrap(account)
    cache.set(account.name, { key, wrapped: account.dataKey.bytes, goodUntil: goodUntil() })
    return key
  }
  const wrap = (account: StorageAccount, key: Buffer, kid: string | null): WrappedDataKey => {
    if (kid === null) return { by: null, bytes: wrapByService(serviceKey, key).toString('base64') }
    const wrapped = twin.vaultKeys.wrap(principalOf(account), kid, key)
    return { by: wrapped.kid, bytes: wrapped.bytes.toString('base64') }
  }
  return {
    create: () => ({ by: null, bytes: wrapByService(serviceKey, randomBytes(32)).toString('base64') }),
    open,
    rewrap(account, kid) {
      const wrapped = wrap(account, open(account), kid)
      // What cannot be unwrapped again would be lost with the cache.
      if (wrapped.by !== null) twin.vaultKeys.requireUnwrap(principalOf(account), wrapped.by)
      return wrapped
    },
  }
}

/** @returns whether the error says that a key cannot be used, as opposed to a fault */
export const isRefusal = (error: unknown): boolean => error instanceof VaultAccessError || error instanceof NoIdentityError

function principalOf(account: StorageAccount): string {
  if (account.identity) return account.identity.principalId
  throw new NoIdentityError(`account ${account.name} has no identity`)
}

function serviceKeyIn(store: Store): Buffer {
  const keys = store.table<string>('storage-service-keys')
  if (!keys.get('current')) {
    const effect = { principal: 'twin', operation: 'storage-service-key/create', resource: 'current' }
    store.commit(effect, keys.put('current', randomBytes(32).toString('base64')))
  }
  return Buffer.from(keys.get('current')!, 'base64')
}

function wrapByService(serviceKey: Buffer, key: Buffer): Buffer {
  const cipher = createCipheriv(WRAP, serviceKey, WRAP_IV)
  return Buffer.concat([cipher.update(key), cipher.final()])
}

function unwrapByService(serviceKey: Buffer, bytes: Buffer): Buffer {
  const decipher = createDecipheriv(WRAP, serviceKey, WRAP_IV)
  return Buffer.concat([decipher.update(bytes), decipher.final()])
}
