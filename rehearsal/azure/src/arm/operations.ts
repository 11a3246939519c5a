/**
 * Long-running operations: the change is made when the request comes, its completion is reported a little later, as the real
 * services do (202, `Azure-AsyncOperation`, `Location`, `Retry-After`).
 */
import { randomUUID } from 'node:crypto'
import { MANAGEMENT } from '../hosts.ts'
import { Refusal, type Reply, type Route, type TwinRequest } from '../route.ts'
import type { Change } from '../store.ts'
import type { Twin } from '../twin.ts'
import { inSubscription, requireSubscription } from './scope.ts'

interface Operation {
  readonly id: string
  readonly startedAt: number
  readonly endsAt: number
  /** What the resource looks like at the end; null where there is nothing to show. */
  readonly result: unknown
  readonly error: { readonly code: string; readonly message: string } | null
}

export interface Accepted {
  /** To be committed together with the operation's own changes. */
  readonly change: Change
  readonly reply: Reply
}

const operations = (twin: Twin) => twin.store.table<Operation>('operations')

/**
 * Begins an operation that ends after `lasts` milliseconds of the twin's clock.
 * @param at provider namespace, location and the operation's name, from which its URLs are made
 * @returns a row to commit with the effect, and the 202 to answer with then
 */
export function acceptOperation(
  twin: Twin,
  at: { readonly namespace: string; readonly location: string; readonly name: string; readonly apiVersion: string },
  outcome: { readonly lasts: number; readonly result?: unknown; readonly error?: { code: string; message: string } },
): Accepted {
  const startedAt = twin.clock.now()
  const operation: Operation = {
    id: randomUUID(),
    startedAt,
    endsAt: startedAt + outcome.lasts,
    result: outcome.result ?? null,
    error: outcome.error ?? null,
  }
  const base = `https://${MANAGEMENT}/subscriptions/${twin.seed.subscription}/providers/${at.namespace}/locations/${at.location}`
  const url = (kind: string): string => `${base}/${at.name}${kind}/${operation.id}?api-version=${encodeURIComponent(at.apiVersion)}`
  return {
    change: operations(twin).put(operation.id, operation),
    reply: {
      status: 202,
      headers: { 'azure-asyncoperation': url('AzureAsyncOperation'), location: url('OperationResults'), 'retry-after': '1' },
      body: { operation: at.name, startTime: new Date(startedAt).toISOString() },
    },
  }
}

/** @returns the routes at which a client asks how an operation is going */
export function operationRoutes(twin: Twin): Route[] {
  const ended = (operation: Operation): boolean => twin.clock.now() >= operation.endsAt
  const status = (request: TwinRequest): Reply => {
    const operation = found(twin, request)
    const state = ended(operation) ? (operation.error ? 'Failed' : 'Succeeded') : 'InProgress'
    return {
      status: 200,
      headers: state === 'InProgress' ? { 'retry-after': '1' } : {},
      body: {
        name: operation.id,
        status: state,
        startTime: new Date(operation.startedAt).toISOString(),
        ...(state === 'Failed' ? { error: operation.error } : {}),
      },
    }
  }
  const result = (request: TwinRequest): Reply => {
    const operation = found(twin, request)
    if (!ended(operation))
      return { status: 202, headers: { location: `https://${MANAGEMENT}/${request.path.join('/')}?${request.query}`, 'retry-after': '1' } }
    if (operation.error) throw new Refusal(400, operation.error.code, operation.error.message)
    return operation.result === null ? { status: 204 } : { status: 200, body: operation.result }
  }
  const path = inSubscription(':namespace/locations/:location/:operation/:id')
  return [
    { method: 'GET', path, when: (request) => /AzureAsyncOperation$/i.test(request.path[6] ?? ''), handle: status },
    { method: 'GET', path, when: (request) => /OperationResults$/i.test(request.path[6] ?? ''), handle: result },
  ]
}

function found(twin: Twin, request: TwinRequest): Operation {
  requireSubscription(twin, request)
  const operation = operations(twin).get(request.params.id!)
  if (operation) return operation
  throw new Refusal(404, 'OperationNotFound', `The operation '${request.params.id}' could not be found.`)
}
