/** Azure Resource Manager: one host for the resource providers, with its own token check and error body. */
import { TokenFault } from '../entra/tokens.ts'
import { LOGIN, MANAGEMENT, MANAGEMENT_AUDIENCE } from '../hosts.ts'
import { type Principal, Refusal, type Reply, type Route, type Service, type TwinRequest } from '../route.ts'
import type { Twin } from '../twin.ts'

const AUDIENCES = [MANAGEMENT_AUDIENCE, 'https://management.core.windows.net']
const API_VERSION = /^\d{4}-\d{2}-\d{2}(-preview|-alpha|-beta)?$/

/** @returns the service at the resource manager's host with the providers' routes */
export function armService(twin: Twin, routes: readonly Route[]): Service {
  return {
    name: 'arm',
    host: new RegExp(`^${MANAGEMENT.replaceAll('.', '\\.')}$`),
    routes,
    async admit(request) {
      const principal = await authenticated(twin, request)
      requireApiVersion(request)
      return principal
    },
    refuse: ({ status, code, message, headers }): Reply => ({ status, headers, body: { error: { code, message } } }),
  }
}

async function authenticated(twin: Twin, request: TwinRequest): Promise<Principal> {
  try {
    return await twin.tokens.check(request.headers.authorization, AUDIENCES)
  } catch (error) {
    if (!(error instanceof TokenFault)) throw error
    const [code, message] = FAULTS[error.fault](error.found, twin)
    const challenge = `Bearer authorization_uri="https://${LOGIN}/${twin.seed.tenant}", error="invalid_token", error_description="${message.replaceAll('"', "'")}"`
    throw new Refusal(401, code, message, { headers: { 'www-authenticate': challenge } })
  }
}

const FAULTS: Record<TokenFault['fault'], (found: string, twin: Twin) => [string, string]> = {
  missing: () => ['AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing."],
  malformed: () => ['InvalidAuthenticationToken', 'The access token is invalid.'],
  signature: () => ['InvalidAuthenticationToken', 'The access token is invalid: its signature could not be validated.'],
  issuer: (_, twin) => [
    'InvalidAuthenticationTokenTenant',
    `The access token is from the wrong issuer. It must match the tenant '${twin.tokens.issuer}' associated with this subscription.`,
  ],
  audience: (found) => [
    'InvalidAuthenticationTokenAudience',
    `The access token has been obtained for wrong audience or resource '${found}'. It should exactly match with one of the allowed audiences '${AUDIENCES.flatMap((audience) => [audience, `${audience}/`]).join(',')}'.`,
  ],
  expired: () => ['ExpiredAuthenticationToken', 'The access token expiry UTC time is earlier than current UTC time.'],
}

function requireApiVersion(request: TwinRequest): void {
  const version = request.query.get('api-version')
  if (!version) {
    throw new Refusal(400, 'MissingApiVersionParameter', 'The api-version query parameter (?api-version=) is required for all requests.')
  }
  if (!API_VERSION.test(version))
    throw new Refusal(400, 'InvalidApiVersionParameter', `The api-version '${version.slice(0, 40)}' is invalid.`)
}
