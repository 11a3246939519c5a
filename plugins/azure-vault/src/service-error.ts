/** Turns what an Azure client throws into words for the people at the station. */
import { PluginError } from '@ceremony/engine/plugin'

const LONGEST_MESSAGE = 1000

/** What the service answered, where it answered. */
export interface Refused {
  readonly status: number
  /** The most telling code: the inner one where there is one. */
  readonly code: string
  readonly message: string
}

/** @returns what the service said, or undefined if the error is none of its answers */
export function refusedOf(error: unknown): Refused | undefined {
  const { statusCode, code, message = '', details } = error as Thrown
  if (statusCode === undefined) return undefined
  const said = details?.error
  return {
    status: statusCode,
    code: said?.innerError?.code ?? said?.code ?? code ?? 'none',
    message: (said?.message ?? message).slice(0, LONGEST_MESSAGE),
  }
}

/** The parts of an SDK's RestError that matter here. */
interface Thrown {
  readonly statusCode?: number
  readonly code?: string
  readonly message?: string
  readonly request?: { readonly method?: string }
  readonly details?: {
    readonly error?: { readonly code?: string; readonly message?: string; readonly innerError?: { readonly code?: string } }
  }
}

/**
 * @param doing what was tried, to stand after "Azure refused to": "create the key `x`"
 * @param advice what to do next
 * @param changed what is different after a refusal
 * @returns an error with the service's own code and message in `found`; a PluginError comes back as it is
 */
export function serviceError(error: unknown, doing: string, advice: string, changed = 'nothing'): PluginError {
  if (error instanceof PluginError) return error
  const refused = refusedOf(error)
  // Too slow or too busy: then it is not known how far the service got.
  if (refused === undefined || refused.status >= 500 || refused.status === 408 || refused.status === 429) {
    return new PluginError('azure-vault/no-answer', `Azure gave no usable answer to the request to ${doing}.`, {
      found: refused ? said(refused) : String((error as Error).message ?? error).slice(0, LONGEST_MESSAGE),
      expected: 'an answer from the service',
      changed: 'unknown',
      advice: 'Check the network and the service’s health, then resume: the step is checked against the world first.',
      cause: error,
    })
  }
  return new PluginError('azure-vault/refused', `Azure refused to ${doing}.`, {
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

const said = ({ status, code, message }: Refused): string => `HTTP ${status} ${code}: ${message}`

/** What helps with an answer whatever was being done. */
const ADVICE: Readonly<Record<string, string>> = {
  AccessDenied:
    'Give the identity that runs the ceremony this permission on the vault’s keys; a new permission takes some minutes to spread. Then resume.',
  ForbiddenByRbac:
    'Give the identity that runs the ceremony the role Key Vault Crypto Officer on the vault; it takes some minutes to spread. Then resume.',
  ForbiddenByFirewall: 'Let this station through the vault’s firewall, then resume.',
  ObjectIsDeletedButRecoverable:
    'A deleted key holds this name. Recover it, or choose another name: purging it is not possible under purge protection.',
  ObjectIsBeingDeleted: 'A key of this name is just being deleted. Wait a minute, then resume.',
  ObjectIsBeingRecovered: 'A key of this name is just being recovered. Wait a minute, then resume.',
  ConflictError:
    'A deleted vault may hold this name: recover it, or choose another name. If somebody else is changing the vault, wait and resume.',
  VaultAlreadyExists: 'Vault names are unique in the world: choose another one.',
}
