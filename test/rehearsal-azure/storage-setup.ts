/** Reaches a twin's storage accounts with the real SDKs, for tests. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { StorageManagementClient } from '@azure/arm-storage'
import type { HttpClient } from '@azure/core-rest-pipeline'
import { createHttpHeaders, createPipelineRequest } from '@azure/core-rest-pipeline'
import { BlobServiceClient, type IHttpClient, newPipeline, StorageRetryPolicyType } from '@azure/storage-blob'
import { CLOUD, OFFICER, type RunningTwin, SEED } from '../azure-twin.ts'
import { grant, premiumVault, vault, wrappingKey } from './vault-setup.ts'

export const GROUP = 'keys'
export const ACCOUNT = 'contosodata'
export const SERVICE_PERMISSIONS = ['get', 'wrapKey', 'unwrapKey']

/** The resource manager's client for storage accounts. */
export function accounts(twin: RunningTwin): StorageManagementClient['storageAccounts'] {
  return new StorageManagementClient(twin.credential(), SEED.subscription, {
    endpoint: CLOUD.resourceManager,
    credentials: { scopes: [`${CLOUD.resourceManager}/.default`] },
    httpClient: twin.client,
    retryOptions: { maxRetries: 0 },
  }).storageAccounts
}

/** The blob service's client for an account. */
export function blobs(twin: RunningTwin, account = ACCOUNT, as = OFFICER): BlobServiceClient {
  const options = {
    httpClient: transport(twin.client),
    retryOptions: { maxTries: 1, retryPolicyType: StorageRetryPolicyType.FIXED },
  }
  return new BlobServiceClient(`https://${account}.blob.core.azure.test`, newPipeline(twin.credential(as), options))
}

/** Writes a blob, making its container. */
export async function write(twin: RunningTwin, name: string, text: string, container = 'data', account = ACCOUNT): Promise<void> {
  const client = blobs(twin, account).getContainerClient(container)
  await client.createIfNotExists()
  await client.getBlockBlobClient(name).upload(text, Buffer.byteLength(text), { metadata: { written: 'here' } })
}

/** @returns a blob's text */
export async function read(twin: RunningTwin, name: string, container = 'data', account = ACCOUNT): Promise<string> {
  const { readableStreamBody } = await blobs(twin, account).getContainerClient(container).getBlobClient(name).download()
  const chunks: Buffer[] = []
  for await (const chunk of readableStreamBody!) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}

/** @returns `read`, or the service's error code */
export async function readOrCode(twin: RunningTwin, name: string, container = 'data', account = ACCOUNT): Promise<string> {
  return read(twin, name, container, account).catch((error: { code?: string }) => error.code ?? String(error))
}

/** Gives an account an identity. @returns its object id */
export async function identity(twin: RunningTwin, account = ACCOUNT): Promise<string> {
  return (await accounts(twin).update(GROUP, account, { identity: { type: 'SystemAssigned' } })).identity!.principalId!
}

/** Puts an account under a key that is there. */
export function useKey(twin: RunningTwin, kid: string, account = ACCOUNT) {
  const [, keyVaultUri, keyName, keyVersion = ''] = /^(https:\/\/[^/]+)\/keys\/([^/]+)(?:\/(.+))?$/.exec(kid)!
  const encryption = { keySource: 'Microsoft.Keyvault', keyVaultProperties: { keyVaultUri, keyName, keyVersion } } as const
  return accounts(twin).update(GROUP, account, { encryption })
}

/** Puts an account under a new key of a new vault. @returns the key's identifier, with version, and the account's principal */
export async function bind(twin: RunningTwin, vaultName: string, account = ACCOUNT): Promise<{ kid: string; principal: string }> {
  await premiumVault(twin, vaultName)
  const kid = await wrappingKey(twin, vaultName, 'key')
  const principal = await identity(twin, account)
  await grant(twin, vaultName, principal, SERVICE_PERMISSIONS)
  await useKey(twin, kid, account)
  return { kid, principal }
}

export const removeKey = (twin: RunningTwin, vaultName: string, key = 'key') => vault(twin, vaultName, 'DELETE', `/keys/${key}`)
export const recoverKey = (twin: RunningTwin, vaultName: string, key = 'key') =>
  vault(twin, vaultName, 'POST', `/deletedkeys/${key}/recover`)

/** What the journal says last of a row. */
// biome-ignore lint/suspicious/noExplicitAny: rows of many shapes
export function rowOf(twin: RunningTwin, table: string, key: string): any {
  const lines = readFileSync(join(twin.dir, 'state.jsonl'), 'utf8').split('\n').filter(Boolean)
  const changes = lines.flatMap((line) => (JSON.parse(line) as { changes: { table: string; key: string; row: unknown }[] }).changes)
  return changes.findLast((change) => change.table === table && change.key === key)!.row
}
/** How an account's data key is kept. */
export const dataKeyOf = (twin: RunningTwin): { by: string | null; bytes: string } => rowOf(twin, 'storage-accounts', ACCOUNT).dataKey

/** The blob client speaks to its transport in the manner of the SDK's first generation. */
function transport(client: HttpClient): IHttpClient {
  return {
    async sendRequest(old) {
      const response = await client.sendRequest(
        createPipelineRequest({
          url: old.url,
          method: old.method,
          headers: createHttpHeaders(old.headers.toJson({ preserveCase: true })),
          body: old.body,
          ...(old.streamResponseStatusCodes ? { streamResponseStatusCodes: old.streamResponseStatusCodes } : {}),
        }),
      )
      const headers = old.headers.clone()
      for (const name of headers.headerNames()) headers.remove(name)
      for (const [name, value] of response.headers) headers.set(name, value)
      return { ...response, request: old, headers }
    },
  }
}
