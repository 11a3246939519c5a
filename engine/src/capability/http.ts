/**
 * The live `http` door: sends a plugin's requests to the hosts it is allowed, with the real token in place of the
 * stand-in. What comes back to the plugin is what is recorded, so nothing secret may be in it.
 */
import { readFileSync } from 'node:fs'
import { Agent, request as httpsRequest } from 'node:https'
import { connect, isIP } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import type { HttpClient, PipelineRequest, PipelineResponse } from '@azure/core-rest-pipeline'
import { createHttpHeaders } from '@azure/core-rest-pipeline'
import { type CloudService, PluginError } from '../plugin/contract.ts'
import { type HttpAsk, type HttpReply, STAND_IN } from '../plugin/http-door.ts'
import type { SecretsAndHands } from './people.ts'
import type { CloudSetup } from './setup.ts'
import { type Tokens, tokensFor } from './tokens.ts'

const MAX_BODY = 8 * 1024 * 1024
const TIMEOUT_MS = 60_000
/** The response headers that mean something to a client of these services; all others are dropped. */
const KEPT =
  /^(content-type|content-length|etag|last-modified|date|retry-after|location|azure-asyncoperation|operation-location|www-authenticate|x-ms-.+|retry-after-ms)$/
/** Sent, but not part of what is recorded: they name the sender's machine or repeat what is recorded anyway. */
const NOT_RECORDED = new Set(['authorization', 'user-agent', 'x-ms-useragent', 'content-length', 'cookie', 'traceparent'])

export interface LiveHttp {
  send(ask: HttpAsk, services: readonly CloudService[], signal: AbortSignal): Promise<HttpReply>
  close(): void
}

/** @returns what of a request belongs into the recording */
export function recordedRequest(ask: HttpAsk): HttpAsk {
  return { ...ask, headers: Object.fromEntries(Object.entries(ask.headers).filter(([name]) => !NOT_RECORDED.has(name.toLowerCase()))) }
}

/** Opens the door for one cloud. */
export function liveHttp(cloud: CloudSetup, people: SecretsAndHands): LiveHttp {
  const agent = agentFor(cloud)
  const tokens = tokensFor(cloud, people, identityTransport(cloud, agent))
  return {
    async send(ask, services, signal) {
      const url = allowedUrl(cloud, services, ask.url)
      const send = async (): Promise<Exchanged> =>
        exchange(agent, ask.method, url, await authorized(ask.headers, cloud, url, tokens), ask.body, signal)
      try {
        const answer = await send()
        if (!isExpired(answer)) return replyOf(answer)
        // What a service refused for its token it did not do, so it is asked again, once.
        tokens.renew()
        return replyOf(await send())
      } catch (error) {
        if (error instanceof PluginError) throw error
        const { code = 'ECONNECTION', message } = error as NodeJS.ErrnoException
        return { failed: { code, message } }
      }
    },
    close: () => agent.destroy(),
  }
}

function agentFor(cloud: CloudSetup): Agent {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 16,
    minVersion: 'TLSv1.2',
    ...(cloud.ca ? { ca: readFileSync(cloud.ca) } : {}),
  })
  if (cloud.connect) {
    const at = cloud.connect.lastIndexOf(':')
    const host = cloud.connect.slice(0, at)
    const port = Number(cloud.connect.slice(at + 1))
    // The certificate is still checked against the name in the URL; only the address differs.
    agent.createConnection = (options) => {
      const { servername, host: name } = options as { servername?: string; host?: string }
      const socket = connect({ host, port })
      return tlsConnect({ ...(options as object), host: undefined, port: undefined, socket, servername: servername || name || '' })
    }
  }
  return agent
}

/** @throws PluginError `http/not-allowed` */
function allowedUrl(cloud: CloudSetup, services: readonly CloudService[], text: string): URL {
  const refuse = (found: string): PluginError =>
    new PluginError('http/not-allowed', 'The plugin asked for an address that it may not reach.', {
      found,
      expected: `https at ${services.map((service) => describeHosts(cloud, service)).join(', ') || 'no host at all'}`,
      changed: 'nothing',
      advice: 'If the plugin is right, its `needs.http` or the cloud in the setup is wrong; otherwise do not run this plugin.',
    })
  if (!URL.canParse(text)) throw refuse(text.slice(0, 200))
  const url = new URL(text)
  if (url.protocol !== 'https:' || url.username || url.password || isIP(url.hostname)) throw refuse(`${url.protocol}//${url.host}`)
  if (!services.some((service) => isHostOf(cloud, service, url.host))) throw refuse(url.host)
  return url
}

function isHostOf(cloud: CloudSetup, service: CloudService, host: string): boolean {
  switch (service) {
    case 'authority':
      return host === new URL(cloud.authority).host
    case 'resource-manager':
      return host === new URL(cloud.resourceManager).host
    case 'vault':
    case 'blob': {
      const label = host.slice(0, host.indexOf('.'))
      return /^[a-z0-9-]{1,63}$/.test(label) && host === `${label}.${cloud.suffixes[service]}`
    }
  }
}

function describeHosts(cloud: CloudSetup, service: CloudService): string {
  if (service === 'authority') return new URL(cloud.authority).host
  if (service === 'resource-manager') return new URL(cloud.resourceManager).host
  return `*.${cloud.suffixes[service]}`
}

/** Puts the real token in the stand-in's place, if the token's audience is that of the host. */
async function authorized(headers: HttpAsk['headers'], cloud: CloudSetup, url: URL, tokens: Tokens): Promise<Record<string, string>> {
  const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  const prefix = `Bearer ${STAND_IN}`
  const given = sent.authorization
  if (given === undefined) return sent
  if (!given.startsWith(prefix)) {
    throw new PluginError('http/credential-of-its-own', 'The plugin sent an authorization header of its own making.', {
      found: 'an authorization header that is not the engine’s stand-in',
      expected: '`http.credential` handed to the SDK client',
      changed: 'nothing',
      advice: 'Do not run this plugin until its maintainers have explained the attempt.',
    })
  }
  const scope = Buffer.from(given.slice(prefix.length), 'base64url').toString('utf8')
  if (!audiencesOf(cloud, url.host).includes(scope.replace(/\/?\/\.default$/, ''))) {
    throw new PluginError('http/wrong-audience', `The plugin would show a token of one service to another: ${url.host}.`, {
      found: `scope ${scope}`,
      expected: audiencesOf(cloud, url.host).join(' or '),
      changed: 'nothing',
      advice: 'Give the SDK client the scope of the service it talks to.',
    })
  }
  return { ...sent, authorization: `Bearer ${await tokens.get(scope)}` }
}

function audiencesOf(cloud: CloudSetup, host: string): string[] {
  if (isHostOf(cloud, 'vault', host)) return [`https://${cloud.suffixes.vault}`]
  if (isHostOf(cloud, 'blob', host)) return ['https://storage.azure.com', `https://${host}`]
  return [cloud.resourceManager.replace(/\/$/, ''), 'https://management.core.windows.net']
}

interface Exchanged {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Buffer
}

function exchange(
  agent: Agent,
  method: string,
  url: URL,
  headers: Record<string, string>,
  body: string | Uint8Array | null,
  signal?: AbortSignal,
): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    const bytes = body === null ? undefined : Buffer.from(body as Uint8Array)
    const length = bytes || method === 'PUT' || method === 'POST' ? { 'content-length': String(bytes?.length ?? 0) } : {}
    const sent = { ...headers, ...length, host: url.host }
    const outgoing = httpsRequest(url, { agent, method, headers: sent, timeout: TIMEOUT_MS, ...(signal ? { signal } : {}) }, (incoming) => {
      const chunks: Buffer[] = []
      let size = 0
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > MAX_BODY) incoming.destroy(new Error(`${url.host} answered with more than ${MAX_BODY} bytes`))
        else chunks.push(chunk)
      })
      incoming.on('error', reject)
      incoming.on('end', () => {
        const all = Object.entries(incoming.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')])
        resolve({ status: incoming.statusCode ?? 0, headers: Object.fromEntries(all), body: Buffer.concat(chunks) })
      })
    })
    outgoing.on('timeout', () => outgoing.destroy(Object.assign(new Error(`no answer from ${url.host}`), { code: 'ETIMEDOUT' })))
    outgoing.on('error', reject)
    outgoing.end(bytes)
  })
}

/** Services say so in the code of the error, or in its text. */
function isExpired({ status, body }: Exchanged): boolean {
  return status === 401 && /expired/i.test(body.toString('utf8', 0, 4096))
}

function replyOf(answer: Exchanged): HttpReply {
  const headers = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => KEPT.test(name)))
  try {
    return { status: answer.status, headers, body: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(answer.body) }
  } catch {
    return { status: answer.status, headers, body: new Uint8Array(answer.body) }
  }
}

/** The identity library's own requests: to the authority only, and never recorded. */
function identityTransport(cloud: CloudSetup, agent: Agent): HttpClient {
  return {
    async sendRequest(request: PipelineRequest): Promise<PipelineResponse> {
      const url = allowedUrl(cloud, ['authority'], request.url)
      const headers = request.headers.toJSON({ preserveCase: false })
      const answer = await exchange(agent, request.method, url, headers, (request.body as string | undefined) ?? null)
      return { request, status: answer.status, headers: createHttpHeaders(answer.headers), bodyAsText: answer.body.toString('utf8') }
    },
  }
}
