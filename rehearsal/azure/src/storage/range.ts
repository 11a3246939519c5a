/** The part of a blob that a request asks for. */
import { Refusal, type TwinRequest } from '../route.ts'

/**
 * @returns first and last byte, or undefined for the whole blob
 * @throws Refusal InvalidRange for a range behind the end
 */
export function rangeOf(request: TwinRequest, size: number): { first: number; last: number } | undefined {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers['x-ms-range'] ?? request.headers.range ?? '') ?? []
  if (from === undefined || to === undefined) return undefined
  const first = Number(from)
  const last = Math.min(to === '' ? size - 1 : Number(to), size - 1)
  if (first > last) throw new Refusal(416, 'InvalidRange', 'The range specified is invalid for the current size of the resource.')
  return { first, last }
}
