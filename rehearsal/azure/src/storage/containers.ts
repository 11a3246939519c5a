/** Containers: make, show, delete, and what is in them. None of it needs a key, but for the blobs' metadata. */
import { Refusal, type Reply, type Route } from '../route.ts'
import { type Blob, blobTable, type Container, containerTable, httpDate, keyOfContainer, newEtag } from './blob.ts'
import { type BlobCall, commitBlob, metadataHeaders, metadataOf, requireContainer, requireDataKey } from './blob-call.ts'
import { unsealMetadata } from './blobs.ts'
import { type Listing, listingOf, listReply } from './listing.ts'
import type { Xml } from './xml.ts'

const NAME = /^(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/

/** @returns the routes of containers; `run` makes a request into a call */
export function containerRoutes(run: (handle: (call: BlobCall) => Reply) => Route['handle']): Route[] {
  const route = (method: Route['method'], comp: string | null, handle: (call: BlobCall) => Reply): Route => ({
    method,
    path: '/:container',
    when: ({ query }) => query.get('restype') === 'container' && query.get('comp') === comp,
    handle: run(handle),
  })
  return [
    { method: 'GET', path: '/', when: ({ query }) => query.get('comp') === 'list', handle: run(listContainers) },
    route('PUT', null, createContainer),
    route('GET', null, showContainer),
    route('HEAD', null, showContainer),
    route('DELETE', null, deleteContainer),
    route('GET', 'list', listBlobs),
  ]
}

function createContainer(call: BlobCall): Reply {
  const { twin, account, request } = call
  const name = request.params.container!
  if (!NAME.test(name)) throw new Refusal(400, 'InvalidResourceName', 'The specified resource name contains invalid characters.')
  if (request.headers['x-ms-blob-public-access'] !== undefined)
    throw new Refusal(409, 'PublicAccessNotPermitted', 'Public access is not permitted on this storage account.')
  const key = keyOfContainer(account.name, name)
  if (containerTable(twin.store).get(key)) throw new Refusal(409, 'ContainerAlreadyExists', 'The specified container already exists.')
  const container: Container = { account: account.name, name, etag: newEtag(), modifiedAt: twin.clock.now(), metadata: metadataOf(request) }
  commitBlob(call, 'container/create', name, containerTable(twin.store).put(key, container))
  return { status: 201, headers: versionHeaders(container) }
}

function showContainer(call: BlobCall): Reply {
  const container = requireContainer(call)
  return {
    status: 200,
    headers: {
      ...versionHeaders(container),
      ...metadataHeaders(container.metadata),
      'x-ms-lease-status': 'unlocked',
      'x-ms-lease-state': 'available',
      'x-ms-has-immutability-policy': 'false',
      'x-ms-has-legal-hold': 'false',
    },
  }
}

function deleteContainer(call: BlobCall): Reply {
  const { twin, account } = call
  const { name } = requireContainer(call)
  const blobs = blobTable(twin.store)
  const inside = blobs.keys().filter((key) => key.startsWith(`${keyOfContainer(account.name, name)}/`))
  const removed = containerTable(twin.store).remove(keyOfContainer(account.name, name))
  commitBlob(call, 'container/delete', name, removed, ...inside.map((key) => blobs.remove(key)))
  return { status: 202 }
}

function listContainers(call: BlobCall): Reply {
  const listing = listingOf(call.request)
  const containers = containerTable(call.twin.store)
    .rows()
    .filter(({ account }) => account === call.account.name)
  const shown = (container: Container): Xml => [
    'Container',
    [
      ['Name', container.name],
      ['Properties', [...versionXml(container), ['LeaseStatus', 'unlocked'], ['LeaseState', 'available']]],
      ...(listing.include.includes('metadata') ? [metadataXml(container.metadata)] : []),
    ],
  ]
  return listReply(call, listing, 'Containers', containers, shown)
}

function listBlobs(call: BlobCall): Reply {
  const container = requireContainer(call)
  const listing = listingOf(call.request)
  const blobs = blobTable(call.twin.store)
    .rows()
    .filter((blob) => blob.account === call.account.name && blob.container === container.name)
  return listReply(call, listing, 'Blobs', blobs, blobXml(call, listing), { ContainerName: container.name })
}

function blobXml(call: BlobCall, listing: Listing): (blob: Blob) => Xml {
  // Metadata is customers' data: this one form of the list fails without the key.
  const key = listing.include.includes('metadata') ? requireDataKey(call) : undefined
  return (blob) => [
    'Blob',
    [
      ['Name', blob.name],
      [
        'Properties',
        [
          ['Creation-Time', httpDate(blob.createdAt)],
          ...versionXml(blob),
          ['Content-Length', String(blob.size)],
          ['Content-Type', blob.contentType],
          ['Content-MD5', blob.md5],
          ['BlobType', 'BlockBlob'],
          ['AccessTier', 'Hot'],
          ['AccessTierInferred', 'true'],
          ['LeaseStatus', 'unlocked'],
          ['LeaseState', 'available'],
          ['ServerEncrypted', 'true'],
        ],
      ],
      ...(key ? [metadataXml(unsealMetadata(key, blob))] : []),
    ],
  ]
}

const metadataXml = (metadata: Readonly<Record<string, string>>): Xml => ['Metadata', Object.entries(metadata)]

interface Versioned {
  readonly etag: string
  readonly modifiedAt: number
}

const versionHeaders = ({ etag, modifiedAt }: Versioned): Record<string, string> => ({ etag, 'last-modified': httpDate(modifiedAt) })
const versionXml = ({ etag, modifiedAt }: Versioned): Xml[] => [
  ['Last-Modified', httpDate(modifiedAt)],
  ['Etag', etag.replaceAll('"', '')],
]
