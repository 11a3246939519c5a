/** The `http` door as a plugin sees it: a transport and a credential for the Azure SDKs. Runs in the plugin's process. */
import type { HttpClient, PipelineRequest, PipelineResponse } from '@azure/core-rest-pipeline'
import { createHttpHeaders, RestError } from '@azure/core-rest-pipeline'
import type { HttpDoor } from './contract.ts'
import type { AskDoor } from './doors.ts'

/** What the door is asked. Bodies travel as text when they are UTF-8, so that an auditor can read the recording. */
export interface HttpAsk {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | null
}
export type HttpReply =
  | { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string | Uint8Array }
  | { readonly failed: { readonly code: string; readonly message: string } }

/** The stand-in for a token: names the scope; the engine puts the real token in its place, on hosts where it belongs. */
export const STAND_IN = 'ceremony-stand-in.'

/** @returns the door over `ask` */
export function httpDoorOver(ask: AskDoor): HttpDoor {
  const client: HttpClient = {
    async sendRequest(request: PipelineRequest): Promise<PipelineResponse> {
      const asked: HttpAsk = {
        method: request.method,
        url: request.url,
        headers: request.headers.toJSON({ preserveCase: false }),
        body: await bodyOf(request),
      }
      const reply = (await ask('http', asked)) as HttpReply
      if ('failed' in reply) throw new RestError(reply.failed.message, { code: reply.failed.code, request })
      const response = { request, status: reply.status, headers: createHttpHeaders(reply.headers) }
      if (typeof reply.body === 'string' && !wantsStream(request, reply.status)) return { ...response, bodyAsText: reply.body }
      const bytes = typeof reply.body === 'string' ? Buffer.from(reply.body) : Buffer.from(reply.body)
      if (!wantsStream(request, reply.status)) return { ...response, bodyAsText: bytes.toString('utf8') }
      const { Readable } = await import('node:stream')
      return { ...response, readableStreamBody: Readable.from([bytes]) }
    },
  }
  return {
    client,
    credential: {
      getToken: async (scopes) => {
        const scope = Array.isArray(scopes) ? scopes.join(' ') : (scopes as string)
        return {
          token: STAND_IN + Buffer.from(scope).toString('base64url'),
          // The stand-in itself never expires; the engine renews the real token by itself.
          expiresOnTimestamp: Date.now() + 24 * 3600 * 1000,
        }
      },
    },
  }
}

/** As the SDKs' own transport decides: an error's body is text even where the answer hoped for is a stream. */
function wantsStream(request: PipelineRequest, status: number): boolean {
  const codes = request.streamResponseStatusCodes
  return codes !== undefined && (codes.has(Number.POSITIVE_INFINITY) || codes.has(status))
}

async function bodyOf(request: PipelineRequest): Promise<string | Uint8Array | null> {
  const body = typeof request.body === 'function' ? request.body() : request.body
  if (body === undefined || body === null) return null
  if (typeof body === 'string') return body
  if (body instanceof Uint8Array) return textOrBytes(body)
  if (body instanceof ArrayBuffer) return textOrBytes(new Uint8Array(body))
  if (ArrayBuffer.isView(body)) return textOrBytes(new Uint8Array(body.buffer, body.byteOffset, body.byteLength))
  if (body instanceof Blob) return textOrBytes(new Uint8Array(await body.arrayBuffer()))
  const chunks: Buffer[] = []
  for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(Buffer.from(chunk))
  return textOrBytes(Buffer.concat(chunks))
}

/** @returns the bytes as text if they are well-formed UTF-8 (and the way back gives the same bytes), else as they are */
function textOrBytes(bytes: Uint8Array): string | Uint8Array {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return bytes
  }
}
