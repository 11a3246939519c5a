/** Blobs: write, read, show, delete. Only block blobs written in one piece. */
import { createHash } from 'node:crypto'
import { Refusal, type Reply, type Route } from '../route.ts'
import { type Blob, blobTable, httpDate, keyOfBlob, type Metadata, newEtag, placeOf } from './blob.ts'
import { type BlobCall, commitBlob, metadataHeaders, metadataOf, requireContainer, requireDataKey } from './blob-call.ts'
import { requireConditions } from './conditions.ts'
import { rangeOf } from './range.ts'
import { seal, unseal } from './sealing.ts'

/** @returns the routes of blobs; `run` makes a request into a call */
export function blobRoutes(run: (handle: (call: BlobCall) => Reply) => Route['handle']): Route[] {
  const path = '/:container/:blob*'
  const route = (method: Route['method'], comp: string | null, handle: (call: BlobCall) => Reply): Route => ({
    method,
    path,
    when: ({ query }) => query.get('comp') === comp && !query.has('snapshot') && !query.has('versionid'),
    handle: run(handle),
  })
  return [
    route('PUT', null, putBlob),
    route('GET', null, getBlob),
    route('HEAD', null, getProperties),
    route('DELETE', null, deleteBlob),
    route('PUT', 'metadata', setMetadata),
    route('GET', 'metadata', getMetadata),
    route('HEAD', 'metadata', getMetadata),
  ]
}

function putBlob(call: BlobCall): Reply {
  const { headers, body } = call.request
  requireSupported(headers['x-ms-blob-type'], headers['x-ms-copy-source'])
  const { place, present } = placed(call)
  requireConditions(call.request, present)
  const md5 = createHash('md5').update(body).digest('base64')
  const claimed = headers['content-md5']
  if (claimed !== undefined && claimed !== md5) {
    throw new Refusal(
      400,
      'Md5Mismatch',
      'The MD5 value specified in the request did not match with the MD5 value calculated by the server.',
    )
  }
  const metadata = metadataOf(call.request)
  const key = requireDataKey(call)
  const now = call.twin.clock.now()
  const blob: Blob = {
    ...place,
    etag: newEtag(),
    createdAt: present?.createdAt ?? now,
    modifiedAt: now,
    size: body.length,
    contentType: headers['x-ms-blob-content-type'] ?? headers['content-type'] ?? 'application/octet-stream',
    md5,
    content: seal(key, placeOf(place, 'content'), body),
    metadata: sealMetadata(key, place, metadata),
  }
  save(call, 'blob/put', blob)
  return { status: 201, headers: { ...versionHeaders(blob), 'content-md5': md5, 'x-ms-request-server-encrypted': 'true' } }
}

function getBlob(call: BlobCall): Reply {
  const { blob, key, metadata } = opened(call)
  const range = rangeOf(call.request, blob.size)
  const bytes = unseal(key, placeOf(blob, 'content'), blob.content)
  const headers = { ...propertyHeaders(blob), ...metadataHeaders(metadata) }
  if (!range) return { status: 200, headers: { ...headers, 'content-md5': blob.md5 }, body: bytes }
  const { first, last } = range
  const part = { ...headers, 'x-ms-blob-content-md5': blob.md5, 'content-range': `bytes ${first}-${last}/${blob.size}` }
  return { status: 206, headers: part, body: bytes.subarray(first, last + 1) }
}

function getProperties(call: BlobCall): Reply {
  const { blob, metadata } = opened(call)
  const size = { 'content-length': String(blob.size), 'content-md5': blob.md5 }
  return { status: 200, headers: { ...propertyHeaders(blob), ...metadataHeaders(metadata), ...size } }
}

function getMetadata(call: BlobCall): Reply {
  const { blob, metadata } = opened(call)
  return { status: 200, headers: { ...versionHeaders(blob), ...metadataHeaders(metadata) } }
}

function setMetadata(call: BlobCall): Reply {
  const { blob, key } = opened(call)
  const changed = {
    ...blob,
    etag: newEtag(),
    modifiedAt: call.twin.clock.now(),
    metadata: sealMetadata(key, blob, metadataOf(call.request)),
  }
  save(call, 'blob/set-metadata', changed)
  return { status: 200, headers: { ...versionHeaders(changed), 'x-ms-request-server-encrypted': 'true' } }
}

/** Needs no key: nothing is read. */
function deleteBlob(call: BlobCall): Reply {
  const { place, present } = placed(call)
  if (!present) throw notFound()
  requireConditions(call.request, present)
  const key = keyOfBlob(place.account, place.container, place.name)
  commitBlob(call, 'blob/delete', `${place.container}/${place.name}`, blobTable(call.twin.store).remove(key))
  return { status: 202, headers: { 'x-ms-delete-type-permanent': 'true' } }
}

/** @returns the blob in the path with its metadata and the key that opens it @throws Refusal */
function opened(call: BlobCall): { blob: Blob; key: Buffer; metadata: Metadata } {
  const { present: blob } = placed(call)
  if (!blob) throw notFound()
  requireConditions(call.request, blob)
  const key = requireDataKey(call)
  return { blob, key, metadata: unsealMetadata(key, blob) }
}

type Place = Pick<Blob, 'account' | 'container' | 'name'>

function placed(call: BlobCall): { place: Place; present: Blob | undefined } {
  const name = call.request.params.blob!
  if (name.length > 1024) throw new Refusal(400, 'InvalidUri', 'The requested URI does not represent any resource on the server.')
  const place = { account: call.account.name, container: requireContainer(call).name, name }
  return { place, present: blobTable(call.twin.store).get(keyOfBlob(place.account, place.container, name)) }
}

function save(call: BlobCall, operation: string, blob: Blob): void {
  const key = keyOfBlob(blob.account, blob.container, blob.name)
  commitBlob(call, operation, `${blob.container}/${blob.name}`, blobTable(call.twin.store).put(key, blob))
}

const sealMetadata = (key: Buffer, place: Place, metadata: Metadata): string =>
  seal(key, placeOf(place, 'metadata'), Buffer.from(JSON.stringify(metadata)))

/** @returns a blob's metadata */
export function unsealMetadata(key: Buffer, blob: Blob): Metadata {
  return JSON.parse(unseal(key, placeOf(blob, 'metadata'), blob.metadata).toString('utf8')) as Metadata
}

function versionHeaders(blob: Blob): Record<string, string> {
  return { etag: blob.etag, 'last-modified': httpDate(blob.modifiedAt) }
}

function propertyHeaders(blob: Blob): Record<string, string> {
  return {
    ...versionHeaders(blob),
    'content-type': blob.contentType,
    'accept-ranges': 'bytes',
    'x-ms-blob-type': 'BlockBlob',
    'x-ms-creation-time': httpDate(blob.createdAt),
    'x-ms-lease-status': 'unlocked',
    'x-ms-lease-state': 'available',
    'x-ms-server-encrypted': 'true',
    'x-ms-access-tier': 'Hot',
    'x-ms-access-tier-inferred': 'true',
  }
}

function requireSupported(type: string | undefined, source: string | undefined): void {
  if (source !== undefined) throw new Refusal(501, 'NotImplemented', 'The twin copies no blobs.')
  if (type === undefined)
    throw new Refusal(400, 'MissingRequiredHeader', 'An HTTP header that is mandatory for this request is not specified: x-ms-blob-type.')
  if (type === 'BlockBlob') return
  if (type === 'PageBlob' || type === 'AppendBlob') throw new Refusal(501, 'NotImplemented', 'The twin has block blobs only.')
  throw new Refusal(400, 'InvalidHeaderValue', 'The value for one of the HTTP headers is not in the correct format: x-ms-blob-type.')
}

const notFound = (): Refusal => new Refusal(404, 'BlobNotFound', 'The specified blob does not exist.')
