/** `Microsoft.Sql` in the resource manager: servers, their keys and protectors, databases and their encryption. */
import { plantOnce } from '../plant.ts'
import type { Route } from '../route.ts'
import type { Twin } from '../twin.ts'
import { masterOf, newDatabase, putDatabase } from './database.ts'
import { databaseRoutes } from './databases.ts'
import { encrypted, encryptionRoutes } from './encryption.ts'
import { keeperOf } from './keeper.ts'
import { keyRoutes } from './keys.ts'
import { protectorRoutes } from './protector.ts'
import { newServer, putServer } from './server.ts'
import { serverRoutes } from './servers.ts'

/** Puts the seed's servers in, begins to look after their databases, and returns the routes of `Microsoft.Sql`. */
export function sqlArmRoutes(twin: Twin): Route[] {
  plantOnce(twin, 'sql-servers', () =>
    twin.seed.sqlServers.flatMap(({ name, resourceGroup, location, databases }) => {
      const server = newServer({ name: name.toLowerCase(), group: resourceGroup, location, administratorLogin: 'administrator' })
      // Every new database is encrypted, under a key that the service looks after.
      const made = databases.map((database) => encrypted(twin, server, newDatabase(twin, server, database)))
      return [putServer(twin, server), ...[masterOf(twin, server), ...made].map((database) => putDatabase(twin, database))]
    }),
  )
  const keeper = keeperOf(twin)
  return [
    ...serverRoutes(twin),
    ...keyRoutes(twin),
    ...protectorRoutes(twin, keeper),
    ...databaseRoutes(twin, keeper),
    ...encryptionRoutes(twin, keeper),
  ]
}
