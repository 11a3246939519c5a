/** Turns what an Azure client throws into words for the people at the station. */
import { PluginError } from '@ceremony/engine/plugin'

const LONGEST_MESSAGE = 1000

/** The parts of an SDK's RestError that matter here. */
interface Thrown {
  readonly statusCode?: number
  readonly code?: string
  readonly message?: string
}

/**
 * @param doing what was tried, to stand after "Azure SQL refused to": "add key … to server `x`"
 * @param advice what to do next
 * @returns an error with the service's own code and message in `found`; a PluginError comes back as it is
 */
export function serviceError(error: unknown, doing: string, advice: string): PluginError {
  if (error instanceof PluginError) return error
  const { statusCode, message = String(error), code } = error as Thrown
  // A long-running operation that failed has no status of its own: the client puts code and message into its text.
  const failedLater = statusCode === undefined && message.startsWith('The long-running operation has failed')
  const said = `${code ? `${code}: ` : ''}${message.slice(0, LONGEST_MESSAGE)}`
  if (!failedLater && (statusCode === undefined || statusCode >= 500)) {
    return new PluginError('azure-sql/no-answer', `Azure SQL gave no usable answer to the request to ${doing}.`, {
      found: statusCode === undefined ? said : `HTTP ${statusCode} ${said}`,
      expected: 'an answer from the service',
      changed: 'unknown',
      advice: 'Check the network and the service’s health, then resume: the step is checked against the world first.',
      cause: error,
    })
  }
  return new PluginError('azure-sql/refused', `Azure SQL refused to ${doing}.`, {
    found: failedLater ? said : `HTTP ${statusCode} ${said}`,
    expected: 'success',
    changed: 'nothing',
    advice,
    cause: error,
  })
}

/** @returns whether the service says that there is no such thing */
export function isNotFound(error: unknown): boolean {
  return (error as Thrown).statusCode === 404
}

/** @returns whether the service refused because of the state the thing is in */
export function isRefusedInThisState(error: unknown): boolean {
  const status = (error as Thrown).statusCode
  return status === 400 || status === 409
}
