/** Lists in pages, as the data plane gives them out. */
import type { TwinRequest } from '../route.ts'
import { bad } from './input.ts'

const MAX = 25

/** @returns a page of the list that the query (`maxresults`, `$skiptoken`) asks for, with a link to the next if there is one */
export function page<T>(request: TwinRequest, all: readonly T[], show: (one: T) => unknown): { value: unknown[]; nextLink: string | null } {
  const size = Number(request.query.get('maxresults') ?? MAX)
  if (!Number.isInteger(size) || size < 1 || size > MAX) throw bad(`Property maxresults has an invalid value: 1 to ${MAX} are expected.`)
  const token = Buffer.from(request.query.get('$skiptoken') ?? '', 'base64url').toString('utf8')
  if (!/^\d{0,9}$/.test(token)) throw bad('Property $skiptoken has an invalid value.')
  const from = Number(token)
  const next = from + size
  const query = new URLSearchParams(request.query)
  query.set('$skiptoken', Buffer.from(String(next)).toString('base64url'))
  return {
    value: all.slice(from, next).map(show),
    nextLink: next < all.length ? `https://${request.host}/${request.path.join('/')}?${query}` : null,
  }
}
