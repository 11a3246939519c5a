/** Turns what an Azure client throws into words for the people at the station. */
import { PluginError } from '@ceremony/engine/plugin'

const LONGEST_MESSAGE = 1000
/** The client puts what the service reported of an operation into one sentence of its own. */
const FAILED_OPERATION = /^The long-running operation has failed(?:\. (?<code>\w+)\. (?<message>.*))?/s

/** What the service answered, where it answered. */
export interface Refused {
  /** Undefined where the service took the request on and failed later. */
  readonly status: number | undefined
  readonly code: string
  readonly message: string
}

/** The parts of an SDK's RestError that matter here. */
interface Thrown {
  readonly statusCode?: number
  readonly code?: string
  readonly message?: string
  readonly request?: { readonly method?: string }
  readonly details?: { readonly error?: { readonly code?: string; readonly message?: string } }
}

/** @returns what the service said, or undefined if the error is none of its answers */
export function refusedOf(error: unknown): Refused | undefined {
  const { statusCode: status, code, message = '', details } = error as Thrown
  if (status === undefined) {
    const operation = FAILED_OPERATION.exec(message)
    if (!operation) return undefined
    const { code = 'none', message: reason = message } = operation.groups ?? {}
    return { status, code, message: reason.slice(0, LONGEST_MESSAGE) }
  }
  const said = details?.error
  return { status, code: said?.code ?? code ?? 'none', message: (said?.message ?? message).slice(0, LONGEST_MESSAGE) }
}

/**
 * @param doing what was tried, to stand after "Azure SQL refused to": "add key … to server `x`"
 * @param advice what to do next, where the code says no more than that it was refused
 * @param changed what is different after a refusal
 * @returns an error with the service's own code and message in `found`; a PluginError comes back as it is
 */
export function serviceError(error: unknown, doing: string, advice: string, changed = 'nothing'): PluginError {
  if (error instanceof PluginError) return error
  const refused = refusedOf(error)
  const { status = 0 } = refused ?? {}
  // Too slow or too busy: then it is not known how far the service got.
  if (refused === undefined || status >= 500 || status === 408 || status === 429) {
    return new PluginError('azure-sql/no-answer', `Azure SQL gave no usable answer to the request to ${doing}.`, {
      found: refused ? said(refused) : String((error as Thrown).message ?? error).slice(0, LONGEST_MESSAGE),
      expected: 'an answer from the service',
      changed: 'unknown',
      advice: 'Check the network and the service’s health, then resume: the step is checked against the world first.',
      cause: error,
    })
  }
  return new PluginError('azure-sql/refused', `Azure SQL refused to ${doing}.`, {
    found: said(refused),
    expected: 'success',
    changed,
    advice: ADVICE[refused.code] ?? advice,
    cause: error,
  })
}

/**
 * What is different where a change was refused: nothing, unless the service had taken it on, and only the question how far it
 * had come was refused.
 */
export const changedBy = (error: unknown): string => ((error as Thrown).request?.method === 'GET' ? 'unknown' : 'nothing')

const said = ({ status, code, message }: Refused): string => `${status === undefined ? '' : `HTTP ${status} `}${code}: ${message}`

/** What helps with an answer whatever was being done. */
const ADVICE: Readonly<Record<string, string>> = {
  AuthorizationFailed:
    'Let whoever runs the ceremony change this server (role SQL Server Contributor or SQL Security Manager); it takes some minutes to spread. Then resume.',
  ResourceNotFound: 'Check the names of the server, the database and their resource group.',
  ResourceGroupNotFound: 'Check the name of the resource group.',
  AzureKeyVaultNoServerIdentity: 'Give the server an identity first (`assign-identity`), let it use the vault’s keys, then resume.',
  AzureKeyVaultMissingPermissions:
    'Let the server’s identity get, wrapKey and unwrapKey in the vault, and see that the key itself allows wrapKey and unwrapKey. A new grant takes minutes to be known everywhere. Then resume.',
  SecurityInvalidAzureKeyVaultRecoveryLevel:
    'Switch soft delete and purge protection on for the vault (it cannot be undone), or use a vault that has both.',
  AzureKeyVaultRsaKeyNotSupported: 'Use an RSA or RSA-HSM key of 2048 or 3072 bits.',
  AzureKeyVaultKeyDisabled: 'Enable this version of the key, then resume.',
  AzureKeyVaultInvalidExpirationDate: 'The key has expired or is not valid yet: give it other dates, or use another key.',
  AzureKeyVaultKeyNameNotFound: 'Look for the key in the vault; if it was deleted, recover it. Then resume.',
  AkvHostNotResolvingFromNode: 'Is the vault deleted? Then recover it. Check its name, then resume.',
  AkvEndpointNotReachableFromNode: 'Let trusted services of Azure through the vault’s firewall, then resume.',
  ServerKeyNotFound: 'The server does not know this key: add it first (`add-key`).',
  ConflictingServerOperation: 'The server is still at work on something else. Wait a minute, then resume.',
  AzureKeyVaultKeyInUse: 'Make another key the protector first.',
}

/** @returns whether the service says that there is no such thing, while the place it would be in is there */
export function isAbsent(error: unknown): boolean {
  const refused = refusedOf(error)
  return refused?.status === 404 && refused.code !== 'ResourceGroupNotFound' && refused.code !== 'SubscriptionNotFound'
}

/** @returns whether the service refused because of the state the thing is in */
export function isRefusedInThisState(error: unknown): boolean {
  const status = refusedOf(error)?.status
  return status === 400 || status === 409
}
