/** Conditional headers (RFC 9110, 13), as far as the blob service has them. */
import { Refusal, type TwinRequest } from '../route.ts'
import type { Blob } from './blob.ts'

/**
 * @param blob what is there now
 * @throws Refusal 412 ConditionNotMet; 409 BlobAlreadyExists for a write that wants nothing to be there; 304 for a read of what is known
 */
export function requireConditions(request: TwinRequest, blob: Blob | undefined): void {
  const { 'if-match': match, 'if-none-match': noneMatch } = request.headers
  const reads = request.method === 'GET' || request.method === 'HEAD'
  const notMet = 'The condition specified using HTTP conditional header(s) is not met.'
  if (match !== undefined && !(blob && (match === '*' || match === blob.etag))) throw new Refusal(412, 'ConditionNotMet', notMet)
  if (noneMatch === undefined || !blob) return
  if (noneMatch === '*' && !reads) throw new Refusal(409, 'BlobAlreadyExists', 'The specified blob already exists.')
  if (noneMatch !== '*' && noneMatch !== blob.etag) return
  throw new Refusal(reads ? 304 : 412, 'ConditionNotMet', notMet)
}
