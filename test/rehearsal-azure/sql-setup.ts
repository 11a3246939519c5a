/** Talks to SQL in a twin's resource manager by plain requests. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer, RunningTwin } from '../azure-twin.ts'
import { ARM, arm, grant, premiumVault, wrappingKey } from './vault-setup.ts'

export const SERVERS = `${ARM}/resourceGroups/keys/providers/Microsoft.Sql/servers`
export const SERVER = `${SERVERS}/contoso-sql`
export const PROTECTOR = `${SERVER}/encryptionProtector/current`
export const ACCESS = ['get', 'wrapKey', 'unwrapKey']

/** How an operation ended: `Succeeded`, or the code and message that it failed with. */
export interface Ended {
  readonly status: string
  readonly error?: { readonly code: string; readonly message: string }
}

/** Waits until the operation that an answer began has ended; an answer that says no ends it at once. */
export async function ended(twin: RunningTwin, answer: Answer): Promise<Ended> {
  if (answer.status === 200) return { status: 'Succeeded' }
  if (answer.status !== 202) return { status: String(answer.status), error: answer.json.error }
  const [url, query] = String(answer.headers['azure-asyncoperation']).split('?api-version=')
  for (;;) {
    const { json } = await twin.request('GET', `${url}?api-version=${query}`, { scope: 'https://management.azure.test/.default' })
    if (json.status !== 'InProgress') return json
    await sleep(10)
  }
}

/** Sends a request and waits for its operation. @throws Error if it fails */
export async function done(twin: RunningTwin, method: string, path: string, body?: unknown): Promise<void> {
  const { status, error } = await ended(twin, await arm(twin, method, path, body))
  if (status !== 'Succeeded') throw new Error(`${method} ${path}: ${status} ${error?.code} ${error?.message}`)
}

/** Gives the server an identity. @returns its principal */
export async function identityOf(twin: RunningTwin, server = SERVER): Promise<string> {
  await done(twin, 'PATCH', server, { identity: { type: 'SystemAssigned' } })
  return (await arm(twin, 'GET', server)).json.identity.principalId
}

/** @returns the name that SQL has for a key of a vault */
export function keyName(kid: string): string {
  const [, vault, name, version] = /^https:\/\/([^.]+)\.[^/]+\/keys\/([^/]+)\/(\w+)$/.exec(kid)!
  return `${vault}_${name}_${version}`
}

export const putKey = (twin: RunningTwin, kid: string, server = SERVER): Promise<Answer> =>
  arm(twin, 'PUT', `${server}/keys/${keyName(kid)}`, { properties: { serverKeyType: 'AzureKeyVault', uri: kid } })

export const putProtector = (twin: RunningTwin, serverKeyName: string): Promise<Answer> =>
  arm(twin, 'PUT', PROTECTOR, { properties: { serverKeyType: 'AzureKeyVault', serverKeyName, autoRotationEnabled: false } })

/** Makes a vault and a key that the server may use, and makes the key the protector. @returns its kid */
export async function protectedServer(twin: RunningTwin, vault: string): Promise<string> {
  const principal = await identityOf(twin)
  await premiumVault(twin, vault)
  await grant(twin, vault, principal, ACCESS)
  const kid = await wrappingKey(twin, vault, 'tde')
  for (const answer of [await putKey(twin, kid), await putProtector(twin, keyName(kid))]) {
    const { status, error } = await ended(twin, answer)
    if (status !== 'Succeeded') throw new Error(`${error?.code} ${error?.message}`)
  }
  return kid
}

/** @returns the status of a database: Online or Inaccessible */
export const statusOf = async (twin: RunningTwin, database = 'orders'): Promise<string> =>
  (await arm(twin, 'GET', `${SERVER}/databases/${database}`)).json.properties.status

/** Waits until so many minutes of the twin's clock have passed since that moment. */
export async function passed(twin: RunningTwin, minutes: number, since = twin.now()): Promise<void> {
  while (twin.now() < since + minutes * 60_000) await sleep(10)
}

/** @returns the moment on the twin's clock at which that was done to a database for the last time */
export function whenDone(twin: RunningTwin, operation: string, database: string): number {
  const lines = readFileSync(join(twin.dir, 'effects.jsonl'), 'utf8').trim().split('\n')
  const effects = lines.map((line) => JSON.parse(line) as { time: string; operation: string; resource: string })
  const found = effects.findLast((one) => one.operation === operation && one.resource.endsWith(`/databases/${database}`))
  return Date.parse(found?.time ?? '')
}
