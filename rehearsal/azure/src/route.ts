/**
 * How a service stands behind the twin's one HTTPS server. A service has hosts, routes, a check that every request passes
 * first (`admit`), and its own way of writing an error down (`refuse`).
 */

export interface TwinRequest {
  readonly method: string
  /** Lower case, without a port. */
  readonly host: string
  /** What the parentheses of the service's host pattern matched: the vault or account. */
  readonly label: string
  /** Decoded path segments, without empty ones. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
  /** Parts of the path that stand at a `:name` of the route's pattern. */
  readonly params: Readonly<Record<string, string>>
  /** Who calls, as `admit` found out; a service without tokens leaves it out. */
  readonly principal?: Principal
}

export interface Principal {
  readonly objectId: string
  readonly appId: string
  readonly tenant: string
  readonly issuer: string
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Text or bytes are sent as they are (say what they are in `content-type`); anything else as JSON. */
  readonly body?: unknown
}

export interface Route {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  /** `/keys/:name/versions`; fixed segments are compared without regard to case. A last `:name*` takes all that is left. */
  readonly path: string
  /** Further condition, for services that tell operations apart by query (`comp=list`). */
  readonly when?: (request: TwinRequest) => boolean
  handle(request: TwinRequest): Reply | Promise<Reply>
}

export interface Service {
  readonly name: string
  /** Anchored; the first group, if any, becomes the request's `label`. */
  readonly host: RegExp
  readonly routes: readonly Route[]
  /** 1 MiB unless told. */
  readonly bodyLimit?: number
  /** Runs before the route is looked for: tokens, api-version. @throws Refusal */
  admit(request: TwinRequest): Promise<Principal | undefined> | Principal | undefined
  /** Writes an error as this service does. */
  refuse(refusal: Refusal, request: TwinRequest): Reply
}

/** Says no, with the code and message that the real service has for it. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string
  readonly inner: string | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: string, message: string, more: { inner?: string; headers?: Record<string, string> } = {}) {
    super(message)
    this.status = status
    this.code = code
    this.inner = more.inner
    this.headers = more.headers ?? {}
  }
}

/** A JSON object as it came from outside: every field is still to be looked at. */
export type Json = { readonly [field: string]: unknown }

/**
 * @returns the request's body, which must be one JSON object in UTF-8
 * @throws Refusal 400 with the given code
 */
export function jsonBody(request: TwinRequest, code = 'BadParameter'): Json {
  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(request.body))
  } catch {
    throw new Refusal(400, code, 'The request body is not valid JSON.')
  }
  if (!isObject(parsed)) throw new Refusal(400, code, 'The request body must be a JSON object.')
  return parsed
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @returns the principal of a request to a service whose `admit` always finds one */
export function callerOf(request: TwinRequest): Principal {
  if (!request.principal) throw new Error('this route needs a service that checks tokens')
  return request.principal
}
