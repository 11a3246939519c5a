/** The blob service: the few calls that a probe needs. */
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { HttpClient } from '@azure/core-rest-pipeline'
import { createHttpHeaders, createPipelineRequest } from '@azure/core-rest-pipeline'
import type { BlockBlobClient, ContainerClient, IHttpClient } from '@azure/storage-blob'
import { type Context, PluginError } from '@ceremony/engine/plugin'

const LARGEST_PROBE = 4 * 1024 * 1024

export interface BlobRef {
  readonly account: string
  readonly container: string
  readonly blob: string
}

export interface BlobContent {
  readonly bytes: Uint8Array
  readonly sha256: string
}

/** @returns clients for a blob and its container */
export async function blobClients(ref: BlobRef, context: Context): Promise<{ container: ContainerClient; blob: BlockBlobClient }> {
  const { ContainerClient, newPipeline } = await import('@azure/storage-blob')
  const url = `https://${ref.account}.${context.cloud.suffixes.blob}/${ref.container}`
  const container = new ContainerClient(url, newPipeline(context.http.credential, { httpClient: transport(context.http.client) }))
  return { container, blob: container.getBlockBlobClient(ref.blob) }
}

/**
 * Reads a whole blob.
 * @throws what the client throws when the service refuses; PluginError `azure-storage/not-a-probe` if it is too large
 */
export async function readBlob(blob: BlockBlobClient): Promise<BlobContent> {
  const { readableStreamBody, contentLength = 0 } = await blob.download()
  if (contentLength > LARGEST_PROBE) {
    // Left open, it would fail on its own later, with nobody to hear it.
    ;(readableStreamBody as Readable | undefined)?.destroy()
    throw new PluginError('azure-storage/not-a-probe', 'The blob is larger than a probe ever is.', {
      found: `${contentLength} bytes at ${blob.url}`,
      expected: `at most ${LARGEST_PROBE} bytes`,
      changed: 'nothing',
      advice: 'Name the blob that the step `write-probe` wrote.',
    })
  }
  const chunks: Buffer[] = []
  for await (const chunk of readableStreamBody ?? []) chunks.push(Buffer.from(chunk))
  const bytes = Buffer.concat(chunks)
  return { bytes, sha256: sha256(bytes) }
}

/** @returns the SHA-256 in hex */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The blob client still speaks to its transport in the manner of the SDK's first generation; this translates. */
function transport(client: HttpClient): IHttpClient {
  return {
    async sendRequest(old) {
      const request = createPipelineRequest({
        url: old.url,
        method: old.method,
        headers: createHttpHeaders(old.headers.toJson({ preserveCase: true })),
        body: old.body,
        timeout: old.timeout,
        requestId: old.requestId,
        ...(old.abortSignal ? { abortSignal: old.abortSignal } : {}),
        ...(old.streamResponseStatusCodes ? { streamResponseStatusCodes: old.streamResponseStatusCodes } : {}),
      })
      const response = await client.sendRequest(request)
      const headers = old.headers.clone()
      for (const name of headers.headerNames()) headers.remove(name)
      for (const [name, value] of response.headers) headers.set(name, value)
      return { ...response, request: old, headers }
    },
  }
}
