/** Turns what an Azure client throws into words for the people at the station. */
import { PluginError } from '@ceremony/engine/plugin'

const LONGEST_MESSAGE = 1000

/** The parts of an SDK's RestError that matter here. */
interface Thrown {
  readonly statusCode?: number
  readonly code?: string
  readonly message?: string
  readonly response?: { readonly headers?: { get(name: string): string | undefined } }
}

/**
 * @param doing what was tried, to stand after "Azure Storage refused to": "set the customer-managed key of account `x`"
 * @param advice what to do next, where the service's code does not tell
 * @returns an error with the service's own code and message in `found`; a PluginError comes back as it is
 */
export function serviceError(error: unknown, doing: string, advice: string): PluginError {
  if (error instanceof PluginError) return error
  const status = statusOf(error)
  const code = codeOf(error)
  const found = [status === undefined ? '' : `HTTP ${status} `, code ? `${code}: ` : '', messageOf(error)].join('')
  // Too slow or too busy: then it is not known how far the service got.
  if (status === undefined || status >= 500 || status === 408 || status === 429) {
    return new PluginError('azure-storage/no-answer', `Azure Storage gave no usable answer to the request to ${doing}.`, {
      found,
      expected: 'an answer from the service',
      changed: 'unknown',
      advice: 'Check the network and the service’s health, then resume: the step is checked against the world first.',
      cause: error,
    })
  }
  return new PluginError('azure-storage/refused', `Azure Storage refused to ${doing}.`, {
    found,
    expected: 'success',
    changed: 'nothing',
    advice: (code && ADVICE[code]) || advice,
    cause: error,
  })
}

/** What helps with an answer whatever was being done. */
const ADVICE: Readonly<Record<string, string>> = {
  ResourceNotFound: 'There is no such account in this resource group: check both names.',
  ResourceGroupNotFound: 'There is no such resource group in this subscription: check its name.',
  KeyVaultPolicyError: 'Switch purge protection on for the vault of the key (it cannot be switched off again), then resume.',
  KeyVaultKeyNotFound:
    'The vault has no such key or version, or the key that the account is under now is gone: recover it, or correct the key identifier.',
  KeyVaultAuthenticationFailure:
    'The account’s identity needs get, wrapKey and unwrapKey on the key’s vault, the vault’s firewall must let trusted services in, ' +
    'and the key must be enabled and allow wrapKey and unwrapKey. Mend that, then resume.',
  InvalidValuesForRequestParameters: 'Check the vault, the name and the version in the key identifier.',
  AuthorizationPermissionMismatch:
    'Give the identity that runs the ceremony the role Storage Blob Data Contributor on the account; it takes some minutes to spread. Then resume.',
  AuthorizationFailure: 'Let this station through the account’s firewall, then resume.',
  KeyVaultEncryptionKeyNotFound:
    'The account’s key is deleted or disabled, or the account’s identity may not use it any more: recover the key or mend the grant.',
  KeyVaultAccessTokenCannotBeAcquired: 'The account has lost its identity: give it one, grant it the key, and set the key again.',
  KeyVaultVaultNotFound: 'The vault of the account’s key is deleted: recover the vault.',
}

/** @returns the HTTP status that the service answered with, undefined if it did not */
export function statusOf(error: unknown): number | undefined {
  return (error as Thrown).statusCode
}

/** @returns the service's error code, such as `BlobNotFound`; an answer without a body has it in a header */
export function codeOf(error: unknown): string | undefined {
  const { code, response } = error as Thrown
  return response?.headers?.get('x-ms-error-code') ?? code
}

function messageOf(error: unknown): string {
  return ((error as Thrown).message ?? String(error)).slice(0, LONGEST_MESSAGE)
}
