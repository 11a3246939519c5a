/** The blob service: one service for the hosts of all accounts. */
import { randomUUID } from 'node:crypto'
import { TokenFault } from '../entra/tokens.ts'
import { BLOB_SUFFIX, LOGIN, STORAGE_AUDIENCE } from '../hosts.ts'
import { type Principal, Refusal, type Reply, type Route, type Service, type TwinRequest } from '../route.ts'
import type { Twin } from '../twin.ts'
import type { StorageAccount } from './account.ts'
import { accountOf, type BlobCall } from './blob-call.ts'
import { blobRoutes } from './blobs.ts'
import { containerRoutes } from './containers.ts'
import type { DataKeys } from './data-keys.ts'
import { type Xml, xmlDocument } from './xml.ts'

const BODY_LIMIT = 5 * 1024 * 1024
const VERSION = /^20\d\d-\d\d-\d\d$/
/** The first version that takes tokens. */
const TOKENS_SINCE = '2017-11-09'

/** @returns the service at the hosts of all accounts */
export function blobService(twin: Twin, dataKeys: DataKeys): Service {
  const run =
    (handle: (call: BlobCall) => Reply): Route['handle'] =>
    (request) => {
      const reply = handle({ twin, dataKeys, request, account: accountOf(twin, request) })
      return { ...reply, headers: { ...commonHeaders(twin, request), ...reply.headers } }
    }
  return {
    name: 'blob',
    host: new RegExp(`^([a-z0-9]{3,24})\\.${BLOB_SUFFIX.replaceAll('.', '\\.')}$`),
    routes: [...containerRoutes(run), ...blobRoutes(run)],
    bodyLimit: BODY_LIMIT,
    async admit(request) {
      const account = accountOf(twin, request)
      const caller = await authenticated(twin, request)
      requireVersion(request)
      requireRole(account, caller)
      return caller
    },
    refuse: (refusal, request) => errorReply(twin, refusal, request),
  }
}

function commonHeaders(twin: Twin, request: TwinRequest): Record<string, string> {
  const id = request.headers['x-ms-client-request-id']
  return {
    server: 'Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0',
    date: new Date(twin.clock.now()).toUTCString(),
    'x-ms-version': request.headers['x-ms-version'] ?? TOKENS_SINCE,
    ...(id === undefined ? {} : { 'x-ms-client-request-id': id }),
  }
}

async function authenticated(twin: Twin, request: TwinRequest): Promise<Principal> {
  const { authorization } = request.headers
  if (/^SharedKey/i.test(authorization ?? '') || request.query.has('sig')) {
    throw new Refusal(403, 'KeyBasedAuthenticationNotPermitted', 'Key based authentication is not permitted on this storage account.')
  }
  try {
    return await twin.tokens.check(authorization, [STORAGE_AUDIENCE, `https://${request.host}`])
  } catch (error) {
    if (!(error instanceof TokenFault)) throw error
    const challenge = `Bearer authorization_uri=https://${LOGIN}/${twin.seed.tenant}/oauth2/authorize resource_id=${STORAGE_AUDIENCE}`
    const [code, detail] = FAULTS[error.fault]
    const message = 'Server failed to authenticate the request. Please refer to the information in the www-authenticate header.'
    throw new Refusal(401, code, message, {
      ...(detail === undefined ? {} : { inner: detail }),
      headers: { 'www-authenticate': challenge },
    })
  }
}

const FAULTS: Record<TokenFault['fault'], readonly [code: string, detail?: string]> = {
  missing: ['NoAuthenticationInformation'],
  malformed: ['InvalidAuthenticationInfo', 'The token is malformed.'],
  signature: ['InvalidAuthenticationInfo', 'Signature validation failed. Signature verification failed.'],
  issuer: ['InvalidAuthenticationInfo', 'Issuer validation failed. Issuer did not match.'],
  audience: ['InvalidAuthenticationInfo', 'Audience validation failed. Audience did not match.'],
  expired: ['InvalidAuthenticationInfo', 'Lifetime validation failed. The token is expired.'],
}

function requireVersion(request: TwinRequest): void {
  const version = request.headers['x-ms-version']
  if (version === undefined) {
    throw new Refusal(400, 'MissingRequiredHeader', 'An HTTP header that is mandatory for this request is not specified: x-ms-version.')
  }
  if (VERSION.test(version) && version >= TOKENS_SINCE) return
  throw new Refusal(400, 'InvalidHeaderValue', 'The value for one of the HTTP headers is not in the correct format: x-ms-version.')
}

function requireRole({ dataContributors }: StorageAccount, caller: Principal): void {
  if (dataContributors === null || dataContributors.includes(caller.objectId)) return
  const message = 'This request is not authorized to perform this operation using this permission.'
  throw new Refusal(403, 'AuthorizationPermissionMismatch', message)
}

/** `inner` carries the authentication error's detail. */
function errorReply(twin: Twin, { status, code, message, inner, headers }: Refusal, request: TwinRequest): Reply {
  const id = randomUUID()
  const text = `${message}\nRequestId:${id}\nTime:${new Date(twin.clock.now()).toISOString()}`
  const detail: Xml[] = inner === undefined ? [] : [['AuthenticationErrorDetail', inner]]
  const shared = { ...commonHeaders(twin, request), 'x-ms-request-id': id, 'x-ms-error-code': code, ...headers }
  if (request.method === 'HEAD' || status === 304) return { status, headers: shared }
  return {
    status,
    headers: { ...shared, 'content-type': 'application/xml' },
    body: xmlDocument(['Error', [['Code', code], ['Message', text], ...detail]]),
  }
}
