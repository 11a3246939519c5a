/** The twin's one HTTPS server: finds the service by host and the route by path, and never lets an error out as a crash. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { Certificate } from './certificate.ts'
import type { Faults } from './faults.ts'
import { Refusal, type Reply, type Route, type Service, type TwinRequest } from './route.ts'

const BODY_LIMIT = 1024 * 1024
const KEEP_ALIVE_MS = 10 * 60_000

/**
 * @param expire is told of a token that counts as expired from now on
 * @returns a server, not yet listening, for these services; the first whose host fits is asked
 */
export function serverFor(
  services: readonly Service[],
  certificate: Certificate,
  faults: Faults,
  expire: (authorization: string) => void,
): Server {
  const tables = services.map((service) => ({ service, routes: service.routes.map(compile) }))
  const server = createServer({ cert: certificate.certificate, key: certificate.key, minVersion: 'TLSv1.2', maxHeaderSize: 32 * 1024 })
  // Longer than clients are idle between the steps of a ceremony, so that none meets a connection just being closed.
  server.keepAliveTimeout = KEEP_ALIVE_MS
  server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    answer(tables, incoming, faults, expire).then(
      (reply) => send(incoming, outgoing, reply),
      () => outgoing.destroy(),
    )
  })
  // Malformed TLS or HTTP ends its own connection and nothing else.
  server.on('tlsClientError', (_, socket) => socket.destroy())
  server.on('clientError', (_, socket) =>
    socket.writable ? socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n') : socket.destroy(),
  )
  return server
}

interface CompiledRoute {
  readonly route: Route
  readonly pattern: readonly string[]
}

const compile = (route: Route): CompiledRoute => ({ route, pattern: route.path.split('/').filter((segment) => segment !== '') })

async function answer(
  tables: readonly { service: Service; routes: readonly CompiledRoute[] }[],
  incoming: IncomingMessage,
  faults: Faults,
  expire: (authorization: string) => void,
): Promise<Reply> {
  const host = (incoming.headers.host ?? '').toLowerCase().replace(/:\d{1,5}$/, '')
  const found = tables.find(({ service }) => service.host.test(host))
  if (!found)
    return {
      status: 421,
      body: { error: { code: 'MisdirectedRequest', message: `Nothing here answers to the host '${host.slice(0, 260)}'.` } },
    }
  const { service, routes } = found
  const bare: TwinRequest = {
    method: incoming.method ?? '',
    host,
    label: service.host.exec(host)?.[1] ?? '',
    path: [],
    query: new URLSearchParams(),
    headers: incoming.headers as TwinRequest['headers'],
    body: Buffer.alloc(0),
    params: {},
  }
  let request = bare
  try {
    const body = await bodyOf(incoming, service.bodyLimit ?? BODY_LIMIT)
    request = { ...bare, ...targetOf(incoming.url ?? '/'), body }
    const fault = faults.meet(request)
    if (fault?.kind === 'throttle')
      throw new Refusal(429, 'TooManyRequests', 'Request was not processed because too many requests were received.', {
        headers: { 'retry-after': String(fault.seconds) },
      })
    if (fault?.kind === 'unavailable') throw new Refusal(503, 'ServiceUnavailable', 'The service is temporarily unavailable.')
    if (fault?.kind === 'drop') throw new ConnectionLost()
    if (fault?.kind === 'delay') await faults.wait(fault)
    if (fault?.kind === 'expired-token') expire(incoming.headers.authorization ?? '')
    const principal = await service.admit(request)
    request = { ...request, ...(principal ? { principal } : {}) }
    const { route, params } = findRoute(routes, request)
    const reply = await route.handle({ ...request, params })
    if (fault?.kind === 'drop-answer') throw new ConnectionLost()
    return reply
  } catch (error) {
    if (error instanceof Refusal) return service.refuse(error, request)
    if (error instanceof ConnectionLost) throw error
    process.stderr.write(`${service.name} ${request.method} /${request.path.join('/')}: ${(error as Error).stack}\n`)
    return service.refuse(new Refusal(500, 'InternalServerError', 'The twin has a fault; its standard error says more.'), request)
  }
}

/** Nobody is there to answer, or is to be. */
class ConnectionLost extends Error {}

function bodyOf(incoming: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length
      // What is too much is still read, though not kept, so that the client gets to see the answer.
      if (size <= limit) chunks.push(chunk)
    })
    incoming.on('end', () =>
      size <= limit
        ? resolve(Buffer.concat(chunks))
        : reject(new Refusal(413, 'RequestBodyTooLarge', 'The request body is too large and exceeds the maximum permissible limit.')),
    )
    incoming.on('error', () => reject(new ConnectionLost()))
  })
}

/** @throws Refusal 400 for a path that does not decode */
function targetOf(url: string): { path: string[]; query: URLSearchParams } {
  const [path = '/', query = ''] = url.split(/\?(.*)/s)
  try {
    const segments = path.split('/').filter((segment) => segment !== '')
    return { path: segments.map(decodeURIComponent), query: new URLSearchParams(query) }
  } catch {
    throw new Refusal(400, 'InvalidUri', 'The requested URI does not represent any resource on the server.')
  }
}

/** @throws Refusal 404, or 405 where the path exists with other methods */
function findRoute(routes: readonly CompiledRoute[], request: TwinRequest): { route: Route; params: Record<string, string> } {
  let pathExists = false
  for (const { route, pattern } of routes) {
    const params = match(pattern, request.path)
    if (!params || route.when?.(request) === false) continue
    pathExists = true
    if (route.method === request.method) return { route, params }
  }
  if (pathExists) throw new Refusal(405, 'MethodNotAllowed', `The method ${request.method} is not allowed on this resource.`)
  throw new Refusal(404, 'NotFound', `The twin has no such operation: ${request.method} /${request.path.join('/').slice(0, 500)}`)
}

function match(pattern: readonly string[], path: readonly string[]): Record<string, string> | undefined {
  const rest = pattern.at(-1)?.endsWith('*') === true
  if (rest ? path.length < pattern.length : path.length !== pattern.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, segment] of pattern.entries()) {
    const given = path[index]!
    if (segment.endsWith('*')) params[segment.slice(1, -1)] = path.slice(index).join('/')
    else if (segment.startsWith(':')) params[segment.slice(1)] = given
    else if (segment.toLowerCase() !== given.toLowerCase()) return undefined
  }
  return params
}

function send(incoming: IncomingMessage, outgoing: ServerResponse, reply: Reply): void {
  const json = reply.body !== undefined && typeof reply.body !== 'string' && !Buffer.isBuffer(reply.body)
  const body = json ? JSON.stringify(reply.body) : (reply.body as string | Buffer | undefined)
  outgoing.writeHead(reply.status, {
    'cache-control': 'no-cache',
    'x-ms-request-id': randomUUID(),
    ...(json ? { 'content-type': 'application/json; charset=utf-8' } : {}),
    ...(body === undefined ? { 'content-length': '0' } : { 'content-length': String(Buffer.byteLength(body)) }),
    ...reply.headers,
  })
  outgoing.end(incoming.method === 'HEAD' ? undefined : body)
}
