/** Accounts that follow the newest version of their key: the service looks for one every day. */
import type { Twin } from '../twin.ts'
import { DAY_MS } from '../vault/vault.ts'
import { accountTable, customerKeyId } from './account.ts'
import { type DataKeys, isRefusal } from './data-keys.ts'
import { accountId } from './shown.ts'

const HOUR_MS = 3600_000

/** From now on wraps the data keys of such accounts anew when their key has a newer version. */
export function followNewestVersions(twin: Twin, dataKeys: DataKeys): void {
  const checkedAt = new Map<string, number>()
  const look = (): void => {
    const now = twin.clock.now()
    for (const { name, customerKey } of accountTable(twin.store).rows()) {
      if (customerKey?.version !== '' || now < Math.max(customerKey.rotatedAt, checkedAt.get(name) ?? 0) + DAY_MS) continue
      checkedAt.set(name, now)
      try {
        follow(twin, dataKeys, name)
      } catch (error) {
        // Without access everything stays under the old version, which is then looked for again tomorrow.
        if (!isRefusal(error)) throw error
      }
    }
  }
  setInterval(look, Math.max(1, HOUR_MS / twin.clock.scale)).unref()
}

function follow(twin: Twin, dataKeys: DataKeys, name: string): void {
  const account = accountTable(twin.store).get(name)!
  const { identity, customerKey } = account
  if (!identity || !customerKey) return
  const { kid } = twin.vaultKeys.describe(identity.principalId, customerKeyId(customerKey))
  if (kid === account.dataKey.by) return
  const dataKey = dataKeys.rewrap(account, kid)
  const effect = { principal: identity.principalId, operation: 'storage-account/follow-key', resource: accountId(twin, account) }
  const followed = { ...account, dataKey, customerKey: { ...customerKey, rotatedAt: twin.clock.now() } }
  twin.store.commit(effect, accountTable(twin.store).put(name, followed))
}
