/** What SQL demands of a vault's key before it takes it for a protector, and what it says where that is not so. */
import { randomBytes } from 'node:crypto'
import { Refusal } from '../route.ts'
import type { Twin } from '../twin.ts'
import { type AccessReason, VaultAccessError } from '../vault/vault-keys.ts'
import { principalOf } from './data-key.ts'
import type { SqlServer } from './server.ts'

/**
 * Checks that the server can use that key, by using it.
 * @throws Refusal with the code that the service has for what is wrong
 */
export function requireUsableKey(twin: Twin, server: SqlServer, uri: string): void {
  if (!server.identity) {
    const message = `The server identity is not correctly configured on server '${server.name}'. Please contact support, or assign the server an identity.`
    throw new Refusal(400, 'AzureKeyVaultNoServerIdentity', message)
  }
  const who = principalOf(server)
  const missing: string[] = []
  const attempt = <T>(what: () => T): T | undefined => {
    try {
      return what()
    } catch (error) {
      if (!(error instanceof VaultAccessError)) throw error
      if (error.reason === 'access-denied') missing.push(error.permission!)
      // Without wrapKey there is nothing to unwrap but noise; that it does not fit shows that one may try.
      else if (error.reason !== 'wrong-ciphertext') throw refusalOf(error, server)
      return undefined
    }
  }
  const facts = attempt(() => twin.vaultKeys.describe(who, uri))
  if (facts) requireSuitable(facts, uri)
  const wrapped = attempt(() => twin.vaultKeys.wrap(who, uri, randomBytes(32)))
  attempt(() => twin.vaultKeys.unwrap(who, uri, wrapped?.bytes ?? randomBytes(256)))
  if (missing.length > 0) {
    const message = `The server '${server.name}' requires the following Azure Key Vault permissions: '${missing.join(', ')}'. Please grant the missing permissions to the service principal with ID '${who}'.`
    throw new Refusal(400, 'AzureKeyVaultMissingPermissions', message)
  }
}

function requireSuitable(facts: { purgeProtection: boolean; kty: string; bits: number }, uri: string): void {
  if (!facts.purgeProtection) {
    const message = `The provided Key Vault uri '${uri}' is not valid. Please ensure the vault has the right Recovery Level other than 'Purgeable'.`
    throw new Refusal(400, 'SecurityInvalidAzureKeyVaultRecoveryLevel', message)
  }
  if (!/^RSA(-HSM)?$/.test(facts.kty) || (facts.bits !== 2048 && facts.bits !== 3072)) {
    const message = `The provided key vault key '${uri}' uses unsupported RSA Key Size or Key Type. The supported RSA key size is 2048 or 3072 and Key Type is RSA or RSA-HSM.`
    throw new Refusal(400, 'AzureKeyVaultRsaKeyNotSupported', message)
  }
}

/** @returns SQL's words for why a vault's key cannot be used */
export function refusalOf({ reason, kid, permission }: VaultAccessError, server: SqlServer): Refusal {
  const host = URL.canParse(kid) ? new URL(kid).host : kid
  const [status, code, message] = ANSWERS[reason]
  return new Refusal(
    status,
    code,
    message
      .replace('{key}', kid)
      .replace('{host}', host)
      .replace('{server}', server.name)
      .replace('{permission}', permission ?? ''),
  )
}

const malformed = [400, 'AzureKeyVaultMalformedVaultUri', "The provided Key Vault uri '{key}' is not valid."] as const
const notFound = [
  409,
  'AzureKeyVaultKeyNameNotFound',
  "The operation could not be completed because the Azure Key Vault Key name '{key}' does not exist.",
] as const
const badDate = [
  400,
  'AzureKeyVaultInvalidExpirationDate',
  "The operation could not be completed because the Azure Key Vault key '{key}' expiration date is invalid.",
] as const
const denied = [
  400,
  'AzureKeyVaultMissingPermissions',
  "The server '{server}' is missing the required permission '{permission}' on the Azure Key Vault key '{key}'.",
] as const

const ANSWERS: Record<AccessReason, readonly [number, string, string]> = {
  'bad-kid': malformed,
  'vault-not-found': [400, 'AkvHostNotResolvingFromNode', "AKV host '{host}' is not resolvable from SQL, on server '{server}'."],
  firewall: [400, 'AkvEndpointNotReachableFromNode', "AKV endpoint '{host}' is not reachable from SQL on server '{server}'."],
  'access-denied': denied,
  'key-deleted': notFound,
  'key-not-found': notFound,
  'key-disabled': [
    400,
    'AzureKeyVaultKeyDisabled',
    "The operation could not be completed on the server because the Azure Key Vault key '{key}' is disabled.",
  ],
  'key-not-yet-valid': badDate,
  'key-expired': badDate,
  'operation-not-permitted': denied,
  'wrong-ciphertext': [400, 'AzureKeyVaultInvalidUri', 'An invalid response from Azure Key Vault. Please use a valid Azure Key Vault URI.'],
}
