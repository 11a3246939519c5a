/** Entra ID, as far as a client with a secret needs it: discovery, and tokens for client credentials. */
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto'
import { LOGIN, MANAGEMENT_AUDIENCE, STORAGE_AUDIENCE, VAULT_AUDIENCE } from '../hosts.ts'
import { Refusal, type Reply, type Service, type TwinRequest } from '../route.ts'
import type { Twin } from '../twin.ts'

/** Also the name that Azure's tools still use for the resource manager. */
const RESOURCES = [VAULT_AUDIENCE, MANAGEMENT_AUDIENCE, STORAGE_AUDIENCE, 'https://management.core.windows.net']

/** @returns the service at the authority's host */
export function entraService(twin: Twin): Service {
  const discovery = (request: TwinRequest): Reply => {
    requireTenant(twin, request.params.tenant!)
    return { status: 200, body: openidConfiguration(twin) }
  }
  return {
    name: 'entra',
    host: new RegExp(`^${LOGIN.replaceAll('.', '\\.')}$`),
    admit: () => undefined,
    refuse: (refusal) => errorReply(twin, refusal),
    routes: [
      { method: 'GET', path: '/:any/discovery/instance', handle: () => ({ status: 200, body: instanceDiscovery(twin) }) },
      { method: 'GET', path: '/:tenant/v2.0/.well-known/openid-configuration', handle: discovery },
      { method: 'GET', path: '/:tenant/.well-known/openid-configuration', handle: discovery },
      { method: 'GET', path: '/:tenant/discovery/v2.0/keys', handle: () => ({ status: 200, body: { keys: [twin.tokens.jwk] } }) },
      { method: 'POST', path: '/:tenant/oauth2/v2.0/token', handle: (request) => issueToken(twin, request) },
    ],
  }
}

function openidConfiguration(twin: Twin) {
  const base = `https://${LOGIN}/${twin.seed.tenant}`
  return {
    token_endpoint: `${base}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post'],
    jwks_uri: `${base}/discovery/v2.0/keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer: `${base}/v2.0`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
    end_session_endpoint: `${base}/oauth2/v2.0/logout`,
    claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'tid', 'ver'],
    tenant_region_scope: 'EU',
  }
}

function instanceDiscovery(twin: Twin) {
  return {
    tenant_discovery_endpoint: `https://${LOGIN}/${twin.seed.tenant}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: LOGIN, preferred_cache: LOGIN, aliases: [LOGIN] }],
  }
}

async function issueToken(twin: Twin, request: TwinRequest): Promise<Reply> {
  requireTenant(twin, request.params.tenant!)
  const form = new URLSearchParams(request.body.toString('utf8'))
  const required = (name: string): string => {
    const values = form.getAll(name)
    if (values.length === 1 && values[0] !== '') return values[0]!
    throw refusal(900144, 'invalid_request', `The request body must contain the following parameter: '${name}'.`)
  }
  const grant = required('grant_type')
  if (grant !== 'client_credentials')
    throw refusal(70003, 'unsupported_grant_type', `The app requested an unsupported grant type '${grant}'.`)
  const clientId = required('client_id')
  const application = twin.seed.applications.find((candidate) => candidate.clientId === clientId.toLowerCase())
  if (!application) {
    const message = `Application with identifier '${clientId}' was not found in the directory '${twin.seed.tenant}'.`
    throw refusal(700016, 'unauthorized_client', message)
  }
  if (!form.has('client_secret')) {
    throw refusal(
      7000218,
      'invalid_client',
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
      401,
    )
  }
  if (!same(required('client_secret'), application.clientSecret)) {
    const message = `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${clientId}'.`
    throw refusal(7000215, 'invalid_client', message, 401)
  }
  const { token, expiresIn } = await twin.tokens.issue(
    { objectId: application.objectId, appId: application.clientId },
    audienceOf(twin, required('scope')),
  )
  return {
    status: 200,
    headers: { 'cache-control': 'no-store, no-cache', pragma: 'no-cache' },
    body: { token_type: 'Bearer', expires_in: expiresIn, ext_expires_in: expiresIn, access_token: token },
  }
}

/** One scope `X/.default`; the scopes that OpenID clients always add are allowed beside it. */
function audienceOf(twin: Twin, text: string): string {
  const scopes = text.split(' ').filter((scope) => !['', 'openid', 'profile', 'offline_access'].includes(scope))
  const resource = /^(.+?)\/{1,2}\.default$/.exec(scopes[0] ?? '')?.[1]
  if (scopes.length !== 1 || resource === undefined) {
    throw refusal(
      1002012,
      'invalid_scope',
      `The provided value for scope ${text} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
    )
  }
  if (!RESOURCES.includes(resource)) {
    throw refusal(
      500011,
      'invalid_resource',
      `The resource principal named ${resource} was not found in the tenant named ${twin.seed.tenant}.`,
    )
  }
  return resource
}

function requireTenant(twin: Twin, tenant: string): void {
  if (tenant.toLowerCase() === twin.seed.tenant) return
  throw refusal(
    90002,
    'invalid_request',
    `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`,
  )
}

/** `inner` carries the AADSTS number. */
function refusal(number: number, code: string, message: string, status = 400): Refusal {
  return new Refusal(status, code, message, { inner: String(number) })
}

function errorReply(twin: Twin, { status, code, message, inner, headers }: Refusal): Reply {
  const trace = { trace_id: randomUUID(), correlation_id: randomUUID() }
  const timestamp = new Date(twin.clock.now()).toISOString().slice(0, 19).replace('T', ' ').concat('Z')
  if (inner === undefined) return { status, headers, body: { error: code, error_description: message, timestamp, ...trace } }
  const description = `AADSTS${inner}: ${message} Trace ID: ${trace.trace_id} Correlation ID: ${trace.correlation_id} Timestamp: ${timestamp}`
  return {
    status,
    headers,
    body: {
      error: code,
      error_description: description,
      error_codes: [Number(inner)],
      timestamp,
      ...trace,
      error_uri: `https://${LOGIN}/error?code=${inner}`,
    },
  }
}

/** Equality that takes as long whether or not the secrets begin alike. */
function same(given: string, kept: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(kept))
}
