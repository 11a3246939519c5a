/** Changes that the service works on for a while: what it finds out on the way, it reports in the operation's result. */
import { acceptOperation } from '../arm/operations.ts'
import { callerOf, Refusal, type Reply, type TwinRequest } from '../route.ts'
import type { Change } from '../store.ts'
import type { Twin } from '../twin.ts'
import type { SqlServer } from './server.ts'

/** How long the service works on a change. */
const WORKS_MS = 8000

export interface Work {
  /** As the location's operations are called: `ServerKeyAzureAsyncOperation` belongs to `ServerKey`. */
  readonly name: string
  /** For the log of effects. */
  readonly operation: string
  readonly resource: string
  /** @throws Refusal, which the client gets to see when it asks how the operation went */
  work(): { readonly changes: readonly Change[]; readonly result?: unknown }
}

/** @returns 202 with the places at which to ask how it goes */
export function begin(twin: Twin, request: TwinRequest, server: SqlServer, { name, operation, resource, work }: Work): Reply {
  const at = { namespace: 'Microsoft.Sql', location: server.location, name, apiVersion: request.query.get('api-version')! }
  const commit = (what: string, outcome: Omit<Parameters<typeof acceptOperation>[2], 'lasts'>, changes: readonly Change[]): Reply => {
    const { change, reply } = acceptOperation(twin, at, { lasts: WORKS_MS, ...outcome })
    twin.store.commit({ principal: callerOf(request).objectId, operation: what, resource }, ...changes, change)
    return reply
  }
  try {
    const { changes, result } = work()
    return commit(operation, { result }, changes)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return commit(`${operation}-refused`, { error: { code: error.code, message: error.message } }, [])
  }
}
