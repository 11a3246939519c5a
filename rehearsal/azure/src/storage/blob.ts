/** Containers and blobs as the twin keeps them. */
import { randomBytes } from 'node:crypto'
import type { Store, Table } from '../store.ts'

export interface Container {
  readonly account: string
  readonly name: string
  readonly etag: string
  readonly modifiedAt: number
  readonly metadata: Metadata
}

export type Metadata = Readonly<Record<string, string>>

/** What the service itself needs to know lies open; content and metadata are sealed under the account's data key. */
export interface Blob {
  readonly account: string
  readonly container: string
  readonly name: string
  readonly etag: string
  readonly createdAt: number
  readonly modifiedAt: number
  readonly size: number
  readonly contentType: string
  /** base64, of the content. */
  readonly md5: string
  readonly content: string
  readonly metadata: string
}

export const containerTable = (store: Store): Table<Container> => store.table<Container>('blob-containers')
export const blobTable = (store: Store): Table<Blob> => store.table<Blob>('blobs')

/** Names of blobs differ by case. */
export const keyOfContainer = (account: string, container: string): string => `${account}/${container}`
export const keyOfBlob = (account: string, container: string, blob: string): string => `${account}/${container}/${blob}`

/** The place that a blob's content, or its metadata, is bound to. */
export const placeOf = (blob: Pick<Blob, 'account' | 'container' | 'name'>, part: 'content' | 'metadata'): string =>
  `${part}:${keyOfBlob(blob.account, blob.container, blob.name)}`

export const newEtag = (): string => `"0x8D${randomBytes(7).toString('hex').toUpperCase().slice(0, 13)}"`
export const httpDate = (milliseconds: number): string => new Date(milliseconds).toUTCString()
