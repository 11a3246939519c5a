/** Starts the twin of Azure as a program of its own, and gives plugins a context that reaches it over real HTTPS. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as tlsConnect } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { createDefaultHttpClient, type HttpClient } from '@azure/core-rest-pipeline'
import { ClientSecretCredential } from '@azure/identity'
import { stringify } from 'yaml'
import { type Artifact, type Cloud, type Context, PluginError } from '../engine/src/plugin/contract.ts'

const MAIN = fileURLToPath(new URL('../rehearsal/azure/src/main.ts', import.meta.url))

const APPLICATIONS = [0, 1].map(() => ({
  clientId: randomUUID(),
  clientSecret: randomBytes(18).toString('base64url'),
  objectId: randomUUID(),
}))

/** A made-up company. `STRANGER` is an application that nothing lets in; the blobs of `contosoclosed` are the officer's alone. */
export const SEED = {
  tenant: randomUUID(),
  subscription: randomUUID(),
  applications: APPLICATIONS,
  resourceGroups: [
    { name: 'keys', location: 'westeurope' },
    { name: 'other', location: 'eastus' },
  ],
  storageAccounts: [
    { name: 'contosodata', resourceGroup: 'keys', location: 'westeurope' },
    { name: 'contosoclosed', resourceGroup: 'keys', location: 'westeurope', dataContributors: [APPLICATIONS[0]!.objectId] },
  ],
  sqlServers: [{ name: 'contoso-sql', resourceGroup: 'keys', location: 'westeurope', databases: ['orders', 'stock'] }],
}
export const OFFICER = SEED.applications[0]!
export const STRANGER = SEED.applications[1]!

export const CLOUD: Cloud = {
  name: 'rehearsal',
  tenant: SEED.tenant,
  subscription: SEED.subscription,
  authority: 'https://login.azure.test',
  resourceManager: 'https://management.azure.test',
  suffixes: { vault: 'vault.azure.test', blob: 'blob.core.azure.test', sql: 'database.azure.test' },
}
export const SCOPES = {
  vault: 'https://vault.azure.test/.default',
  arm: 'https://management.azure.test/.default',
  storage: 'https://storage.azure.com/.default',
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The body, if it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
  readonly json: any
}

export interface RunningTwin {
  /** The twin's state folder. */
  readonly dir: string
  /** Where it listens on 127.0.0.1. */
  readonly port: number
  /** The moment, in milliseconds, at which its clock and the real one showed the same. */
  readonly origin: number
  /** Ends it by closing its standard input. @returns its exit code */
  stop(): Promise<number | null>
  /** Kills it with SIGKILL and starts it again over the same folder and port. */
  killAndRestart(): Promise<void>
  /** Stops it and removes its folder. */
  remove(): Promise<void>
  /** Sends a request; with `scope` it carries a token of that scope for the officer (or the application given). */
  request(
    method: string,
    url: string,
    options?: { scope?: string; as?: typeof OFFICER; body?: unknown; headers?: Record<string, string> },
  ): Promise<Answer>
  /** The time on the twin's clock, in milliseconds. */
  now(): number
  /** What of `effects.jsonl` matters: `operation resource`, in order. */
  effects(): string[]
  /** A transport for SDK clients that reaches the twin whatever the host. */
  readonly client: HttpClient
  credential(as?: typeof OFFICER): ClientSecretCredential
}

/** @param options how many times faster than real the twin's clock runs; 1 unless told */
export async function startTwin(options: { scale?: number } = {}): Promise<RunningTwin> {
  const scale = options.scale ?? 1
  const origin = Date.now()
  const home = mkdtempSync(join(tmpdir(), 'azure-twin-'))
  const dir = join(home, 'state')
  writeFileSync(join(home, 'seed.yaml'), stringify(SEED))
  let port = 0
  let child: ChildProcess
  const start = async (): Promise<void> => {
    const args = ['--state', dir, '--seed', join(home, 'seed.yaml'), '--port', String(port)]
    child = spawn(process.execPath, [MAIN, ...args, '--time-origin', String(origin), '--time-scale', String(scale)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string]
    port = Number((JSON.parse(line) as { listening: string }).listening.split(':')[1])
  }
  await start()

  const agent = new Agent({ keepAlive: true, ca: readFileSync(join(dir, 'ca.pem')) })
  agent.createConnection = (to) => {
    const { servername, host } = to as { servername?: string; host?: string }
    const socket = connect({ host: '127.0.0.1', port })
    return tlsConnect({ ...(to as object), host: undefined, port: undefined, socket, servername: servername || host || '' })
  }
  const sender = createDefaultHttpClient()
  const client: HttpClient = {
    sendRequest(request) {
      request.agent = agent
      return sender.sendRequest(request)
    },
  }
  const credentials = new Map<string, ClientSecretCredential>()
  const credential = (as = OFFICER): ClientSecretCredential => {
    const options = { authorityHost: CLOUD.authority, httpClient: client, disableInstanceDiscovery: true }
    const found = credentials.get(as.clientId) ?? new ClientSecretCredential(SEED.tenant, as.clientId, as.clientSecret, options)
    credentials.set(as.clientId, found)
    return found
  }
  const stop = async (): Promise<number | null> => {
    const ended = once(child, 'exit')
    child.stdin!.end()
    const [code] = (await ended) as [number | null]
    return code
  }
  return {
    dir,
    origin,
    get port() {
      return port
    },
    client,
    credential,
    stop,
    async killAndRestart() {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
      await start()
    },
    async remove() {
      agent.destroy()
      if (child.exitCode === null && child.signalCode === null) await stop()
      rmSync(home, { recursive: true, force: true })
    },
    async request(method, url, { scope, as, body, headers = {} } = {}) {
      const token: Record<string, string> = scope ? { authorization: `Bearer ${(await credential(as).getToken(scope)).token}` } : {}
      const bytes = body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
      return send(agent, method, url, { ...(bytes === body ? {} : { 'content-type': 'application/json' }), ...token, ...headers }, bytes)
    },
    now: () => Math.floor(origin + (Date.now() - origin) * scale),
    effects: () =>
      readFileSync(join(dir, 'effects.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { operation: string; resource: string })
        .map(({ operation, resource }) => `${operation} ${resource}`),
  }
}

/**
 * A context as the engine gives a plugin one, with the two Azure doors, artifacts in memory, and doors that stay shut.
 * Time inside is real: where an SDK waits between polls, so does the test.
 */
export function cloudContext(
  twin: RunningTwin,
  options: { as?: typeof OFFICER; scale?: number } = {},
): Context & { readonly said: string[] } {
  const artifacts = new Map<string, Uint8Array>()
  const said: string[] = []
  const shut = (): never => {
    throw new PluginError('door/not-granted', 'Not for this plugin.', { found: '', expected: '', changed: 'nothing', advice: '' })
  }
  return {
    cloud: CLOUD,
    http: { client: twin.client, credential: twin.credential(options.as) },
    pkcs11: { open: shut },
    command: { run: shut, hold: shut, scratch: shut },
    artifact: {
      async put(name, bytes): Promise<Artifact> {
        const sha256 = createHash('sha256').update(bytes).digest('hex')
        artifacts.set(sha256, bytes)
        return { name, sha256, size: bytes.length }
      },
      async get({ sha256 }) {
        return artifacts.get(sha256) ?? shut()
      },
    },
    clock: { now: () => new Date(twin.now()), sleep: (milliseconds) => sleep(milliseconds / (options.scale ?? 1)) },
    random: { bytes: (count) => new Uint8Array(randomBytes(count)) },
    log: (message) => void said.push(message),
    said,
  }
}

function send(agent: Agent, method: string, url: string, headers: Record<string, string>, body?: string | Uint8Array): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(url, { agent, method, headers }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('error', reject)
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        const json = /json/.test(incoming.headers['content-type'] ?? '') && text !== '' ? JSON.parse(text) : undefined
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, json })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
