/** The vaults' data plane: one service for all vault hosts. */
import { TokenFault } from '../entra/tokens.ts'
import { LOGIN, VAULT_AUDIENCE, VAULT_SUFFIX } from '../hosts.ts'
import { type Principal, Refusal, type Reply, type Service, type TwinRequest } from '../route.ts'
import type { Twin } from '../twin.ts'
import { mayConnect } from './access.ts'
import { backupRoutes } from './backup.ts'
import { createRoutes } from './create.ts'
import { cryptoRoutes } from './crypto.ts'
import { deletedKeyRoutes } from './deleted-keys.ts'
import { importRoutes } from './import.ts'
import { readRoutes } from './read.ts'
import { livingVault, type Vault } from './vault.ts'

const API_VERSIONS = /^(7\.[0-6]|2025-07-01)$/

/** @returns the service at the hosts of all vaults */
export function vaultService(twin: Twin): Service {
  return {
    name: 'vault',
    host: new RegExp(`^([a-z0-9-]{3,24})\\.${VAULT_SUFFIX.replaceAll('.', '\\.')}$`),
    routes: [createRoutes, importRoutes, deletedKeyRoutes, backupRoutes, readRoutes, cryptoRoutes].flatMap((routes) => routes(twin)),
    async admit(request) {
      const vault = requireVault(twin, request)
      const caller = await authenticated(twin, request)
      requireNetwork(vault, caller)
      const version = request.query.get('api-version')
      if (!version) throw new Refusal(400, 'BadParameter', 'AKV10050: The request is missing the required parameter api-version.')
      if (!API_VERSIONS.test(version))
        throw new Refusal(400, 'BadParameter', `The specified version (${version.slice(0, 40)}) is not recognized.`)
      return caller
    },
    refuse: errorReply,
  }
}

/** A vault that is not there has no name in DNS; here its host answers that nothing is behind it. */
function requireVault(twin: Twin, request: TwinRequest): Vault {
  const vault = livingVault(twin.store, request.label)
  if (vault) return vault
  throw new Refusal(404, 'VaultNotFound', `There is no vault '${request.label}'; the real service would have no such host.`)
}

async function authenticated(twin: Twin, request: TwinRequest): Promise<Principal> {
  try {
    return await twin.tokens.check(request.headers.authorization, [VAULT_AUDIENCE])
  } catch (error) {
    if (!(error instanceof TokenFault)) throw error
    const challenge = `Bearer authorization="https://${LOGIN}/${twin.seed.tenant}", resource="${VAULT_AUDIENCE}"`
    throw new Refusal(401, 'Unauthorized', FAULTS[error.fault](error.found), { headers: { 'www-authenticate': challenge } })
  }
}

const FAULTS: Record<TokenFault['fault'], (found: string) => string> = {
  missing: () => 'AKV10000: Request is missing a Bearer or PoP token.',
  malformed: () => 'AKV10001: Unable to parse the bearer token.',
  signature: () => "[InvalidSignature] Error validating token: 'the signature does not match'.",
  issuer: () => 'AKV10032: Invalid issuer.',
  audience: (found) => `AKV10022: Invalid audience. Expected ${VAULT_AUDIENCE}, found: ${found}.`,
  expired: () => "[TokenExpired] Error validating token: 'the token has expired'.",
}

function requireNetwork(vault: Vault, caller: Principal): void {
  if (mayConnect(vault, { address: '127.0.0.1' })) return
  const who = `appid=${caller.appId};oid=${caller.objectId};iss=${caller.issuer}`
  const message = `Client address is not authorized and caller is not a trusted service.\r\nClient address: 127.0.0.1\r\nCaller: ${who}\r\nVault: ${vault.name};location=${vault.location}`
  throw new Refusal(403, 'Forbidden', message, { inner: 'ForbiddenByFirewall' })
}

function errorReply({ status, code, message, inner, headers }: Refusal): Reply {
  return { status, headers, body: { error: { code, message, ...(inner === undefined ? {} : { innererror: { code: inner } }) } } }
}
