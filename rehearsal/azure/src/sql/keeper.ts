/**
 * Keeps databases open. A database's key, once unwrapped, stays in memory for some minutes; the protector is used again
 * before they are over. Where that fails the database becomes inaccessible, and it heals as Microsoft documents it
 * ("Transparent data encryption with customer-managed keys", Inaccessible TDE protector).
 */
import type { Twin } from '../twin.ts'
import { VaultAccessError } from '../vault/vault-keys.ts'
import { unwrapDataKey } from './data-key.ts'
import { type Database, databaseId, databasesOf, type Inaccessible, openPage, putDatabase } from './database.ts'
import { type SqlServer, serverTable } from './server.ts'

const MINUTE_MS = 60_000
/** The protector is used this often. */
const LOOKS_EVERY_MS = 2 * MINUTE_MS
/** With the two minutes between looks: eight minutes at most until a database is inaccessible; ten are documented. */
const KEY_LASTS_MS = 6 * MINUTE_MS
/** If the key comes back within this time the database heals by itself. */
const HEALS_ITSELF_MS = 30 * MINUTE_MS
/** Documented: within an hour. */
const HEALING_TAKES_MS = 10 * MINUTE_MS
/** Documented: it depends on the size, minutes to hours. */
const LATE_HEALING_TAKES_MS = 40 * MINUTE_MS
/** However fast the twin's clock runs, the machine has other things to do. */
const LEAST_PAUSE_MS = 200

export interface Keeper {
  /** Looks after the server's databases if it is time to, or at once. */
  look(server: SqlServer, when: 'due' | 'now'): void
  /** @returns whether the database can be read: its key unwrapped, its page decrypted */
  opens(server: SqlServer, database: Database): boolean
  /** @returns what becomes of an inaccessible database now that someone has had its key looked at */
  healing(database: Database): Inaccessible | null
}

/** Begins to look after the databases of all servers. */
export function keeperOf(twin: Twin): Keeper {
  /** When each database's key was last unwrapped. In memory alone, as the key itself: it does not outlive the process. */
  const unwrappedAt = new Map<string, number>()
  const lookedAt = new Map<string, number>()

  const opens = (server: SqlServer, database: Database): boolean => {
    if (!database.key) return true
    try {
      openPage(database.page, unwrapDataKey(twin, server, database.key))
      return true
    } catch (error) {
      if (error instanceof VaultAccessError) return false
      throw error
    }
  }
  const change = (server: SqlServer, database: Database, operation: string, changed: Partial<Database>): void => {
    const effect = { principal: 'sql', operation, resource: databaseId(twin, server, database.name) }
    twin.store.commit(effect, putDatabase(twin, { ...database, ...changed }))
  }
  const heal = (server: SqlServer, database: Database, { since, healsAt, late }: Inaccessible, open: boolean): void => {
    const now = twin.clock.now()
    if (!open) {
      if (healsAt !== null) change(server, database, 'sql-database/key-lost-again', { inaccessible: { since, healsAt: null, late } })
    } else if (healsAt === null) {
      if (now <= since + HEALS_ITSELF_MS)
        change(server, database, 'sql-database/heals', { inaccessible: { since, healsAt: now + HEALING_TAKES_MS, late } })
    } else if (now >= healsAt) {
      // What the documentation says may be lost is lost here: whoever relies on it shall find out in the rehearsal.
      change(server, database, 'sql-database/online', { inaccessible: null, ...(late ? { tags: {} } : {}) })
    }
  }
  const tend = (server: SqlServer, database: Database): void => {
    const now = twin.clock.now()
    const open = opens(server, database)
    if (open) unwrappedAt.set(database.id, now)
    const { inaccessible } = database
    if (inaccessible) heal(server, database, inaccessible, open)
    else if (!open && now >= (unwrappedAt.get(database.id) ?? 0) + KEY_LASTS_MS)
      change(server, database, 'sql-database/inaccessible', { inaccessible: { since: now, healsAt: null, late: false } })
  }
  const look = (server: SqlServer, when: 'due' | 'now'): void => {
    const now = twin.clock.now()
    if (when === 'due' && now < (lookedAt.get(server.name) ?? 0) + LOOKS_EVERY_MS) return
    lookedAt.set(server.name, now)
    for (const database of databasesOf(twin, server)) if (database.key?.kid != null) tend(server, database)
  }
  const lookAtAll = (): void => {
    try {
      for (const server of serverTable(twin).rows()) look(server, 'due')
    } catch (error) {
      process.stderr.write(`sql keeper: ${(error as Error).stack}\n`)
    }
  }
  setInterval(lookAtAll, Math.max(LOOKS_EVERY_MS / twin.clock.scale, LEAST_PAUSE_MS)).unref()
  return {
    look,
    opens,
    healing({ inaccessible }) {
      if (!inaccessible || inaccessible.healsAt !== null) return inaccessible
      const now = twin.clock.now()
      const late = now > inaccessible.since + HEALS_ITSELF_MS
      return { since: inaccessible.since, healsAt: now + (late ? LATE_HEALING_TAKES_MS : HEALING_TAKES_MS), late }
    },
  }
}
