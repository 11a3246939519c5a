/** Lists in pages, as the blob service gives them. */
import { Refusal, type Reply, type TwinRequest } from '../route.ts'
import { blobEndpoint } from './account.ts'
import type { BlobCall } from './blob-call.ts'
import { type Xml, xmlDocument } from './xml.ts'

const MOST = 5000

export interface Listing {
  readonly prefix: string
  readonly include: readonly string[]
  /** The name that the page begins with. */
  readonly marker: string
  readonly most: number
}

/** @throws Refusal OutOfRangeQueryParameterValue, or NotImplemented for a list by folders */
export function listingOf({ query }: TwinRequest): Listing {
  if (query.has('delimiter')) throw new Refusal(501, 'NotImplemented', 'The twin lists no folders.')
  const most = Number(query.get('maxresults') ?? MOST)
  if (!Number.isInteger(most) || most < 1) {
    throw new Refusal(
      400,
      'OutOfRangeQueryParameterValue',
      'One of the query parameters specified in the request URI is outside the permissible range.',
    )
  }
  const include = (query.get('include') ?? '').split(',').map((name) => name.trim().toLowerCase())
  return { prefix: query.get('prefix') ?? '', include, marker: query.get('marker') ?? '', most: Math.min(most, MOST) }
}

/** @returns one page of the items, in the order of their names */
export function listReply<T extends { readonly name: string }>(
  call: BlobCall,
  listing: Listing,
  element: string,
  items: readonly T[],
  shown: (item: T) => Xml,
  attributes: Readonly<Record<string, string>> = {},
): Reply {
  const rest = items
    .filter(({ name }) => name.startsWith(listing.prefix) && name >= listing.marker)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const root: Xml = [
    'EnumerationResults',
    [
      ...(listing.prefix === '' ? [] : [['Prefix', listing.prefix] as const]),
      ...(listing.marker === '' ? [] : [['Marker', listing.marker] as const]),
      ['MaxResults', String(listing.most)],
      [element, rest.slice(0, listing.most).map(shown)],
      ['NextMarker', rest[listing.most]?.name ?? ''],
    ],
    { ServiceEndpoint: blobEndpoint(call.account.name), ...attributes },
  ]
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: xmlDocument(root) }
}
