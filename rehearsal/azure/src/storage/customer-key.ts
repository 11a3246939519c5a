/** Puts an account under a key of a vault, with the resource provider's own refusals. */
import { VAULT_SUFFIX } from '../hosts.ts'
import { isObject, type Json, Refusal } from '../route.ts'
import type { Twin } from '../twin.ts'
import { type KeyFacts, VaultAccessError } from '../vault/vault-keys.ts'
import { type CustomerKey, customerKeyId, type StorageAccount } from './account.ts'
import { type DataKeys, NoIdentityError } from './data-keys.ts'

const BITS = [2048, 3072, 4096]
const VAULT_URI = new RegExp(`^https://[a-z0-9-]{3,24}\\.${VAULT_SUFFIX.replaceAll('.', '\\.')}(:443)?/?$`, 'i')

/**
 * Applies the `encryption` of a PUT or PATCH.
 * @returns the account under the key that is asked for: its data key is the same, wrapped anew
 * @throws Refusal with the code of the storage resource provider
 */
export function encryptedAs(twin: Twin, dataKeys: DataKeys, account: StorageAccount, encryption: Json): StorageAccount {
  const source = typeof encryption.keySource === 'string' ? encryption.keySource.toLowerCase() : ''
  if (source === 'microsoft.storage') return underServiceKey(dataKeys, account)
  if (source === 'microsoft.keyvault') return underCustomerKey(twin, dataKeys, account, encryption)
  if (source === '') throw new Refusal(400, 'MissingEncryptionKeySource', 'The encryption key source is missing in the request.')
  throw invalid('encryption.keySource')
}

function underServiceKey(dataKeys: DataKeys, account: StorageAccount): StorageAccount {
  if (account.dataKey.by === null) return account
  return { ...account, customerKey: null, dataKey: translated(() => dataKeys.rewrap(account, null)) }
}

function underCustomerKey(twin: Twin, dataKeys: DataKeys, account: StorageAccount, encryption: Json): StorageAccount {
  const wanted = wantedKey(encryption, account.customerKey)
  const { identity } = account
  if (!identity) {
    const message =
      'Missing pre-requisites to enable EncryptionAtRest/Customer Managed Key for this storage account. For more information, see - https://aka.ms/storagecmkconfiguration'
    throw new Refusal(400, 'MissingPrerequisites', message)
  }
  const facts = translated(() => twin.vaultKeys.describe(identity.principalId, customerKeyId(wanted)))
  requireFit(facts)
  // To wrap it anew, the data key must first be unwrapped: with the old key gone there is no way to a new one.
  const dataKey = translated(() => dataKeys.rewrap(account, facts.kid))
  return { ...account, customerKey: { ...wanted, rotatedAt: twin.clock.now() }, dataKey }
}

/** What the request leaves out stays as it is. */
function wantedKey(encryption: Json, present: CustomerKey | null): Pick<CustomerKey, 'vaultUri' | 'name' | 'version'> {
  const given = encryption.keyvaultproperties ?? {}
  if (!isObject(given)) throw invalid('encryption.keyvaultproperties')
  const text = (field: string, otherwise: string | undefined): string => {
    const value = given[field] ?? otherwise
    if (typeof value !== 'string') throw invalid(field)
    return value
  }
  const vaultUri = text('keyvaulturi', present?.vaultUri)
  if (!VAULT_URI.test(vaultUri)) throw invalid('keyvaulturi')
  const name = text('keyname', present?.name)
  if (!/^[0-9A-Za-z-]{1,127}$/.test(name)) throw invalid('keyname')
  const version = text('keyversion', present?.name === name ? present.version : '').toLowerCase()
  if (!/^([0-9a-f]{32})?$/.test(version)) throw invalid('keyversion')
  return { vaultUri, name, version }
}

function requireFit(facts: KeyFacts): void {
  // Soft delete is always there; what is missing can only be purge protection.
  if (!facts.purgeProtection) throw new Refusal(400, 'KeyVaultPolicyError', 'Keyvault policy recoverable is not set')
  if (!/^RSA(-HSM)?$/.test(facts.kty) || !BITS.includes(facts.bits)) {
    const message = `The key '${facts.kid}' cannot be used for encryption: RSA or RSA-HSM keys of ${BITS.join(', ')} bits are supported, not ${facts.kty} of ${facts.bits} bits.`
    throw new Refusal(400, 'KeyVaultKeyNotSupported', message)
  }
}

/** Puts the vault's refusal into the resource provider's words, which are few. */
function translated<T>(use: () => T): T {
  try {
    return use()
  } catch (error) {
    if (error instanceof NoIdentityError) throw authenticationFailure()
    if (!(error instanceof VaultAccessError)) throw error
    switch (error.reason) {
      case 'bad-kid':
      case 'vault-not-found':
        throw invalid('keyvaulturi')
      case 'key-deleted':
      case 'key-not-found':
        throw new Refusal(
          400,
          'KeyVaultKeyNotFound',
          `The operation failed because the specified key vault key '${error.kid}' is not found.`,
        )
      default:
        // What the vault answers with 403, whatever its reason.
        throw authenticationFailure()
    }
  }
}

function authenticationFailure(): Refusal {
  const message =
    'The operation failed because of authentication issue on the keyvault. For more information, see - https://aka.ms/storagekeyvaultaccesspolicy'
  return new Refusal(400, 'KeyVaultAuthenticationFailure', message)
}

function invalid(what: string): Refusal {
  return new Refusal(400, 'InvalidValuesForRequestParameters', `Values for request parameters are invalid: ${what}.`)
}
