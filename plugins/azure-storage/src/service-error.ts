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
 * @param doing what was tried, to stand after "Azure Storage refused to": "set the customer-managed key of account `x`"
 * @param advice what to do next
 * @returns an error with the service's own code and message in `found`; a PluginError comes back as it is
 */
export function serviceError(error: unknown, doing: string, advice: string): PluginError {
  if (error instanceof PluginError) return error
  const { statusCode, code, message = String(error) } = error as Thrown
  const said = `${code ? `${code}: ` : ''}${message.slice(0, LONGEST_MESSAGE)}`
  if (statusCode === undefined || statusCode >= 500) {
    return new PluginError('azure-storage/no-answer', `Azure Storage gave no usable answer to the request to ${doing}.`, {
      found: statusCode === undefined ? said : `HTTP ${statusCode} ${said}`,
      expected: 'an answer from the service',
      changed: 'unknown',
      advice: 'Check the network and the service’s health, then resume: the step is checked against the world first.',
      cause: error,
    })
  }
  return new PluginError('azure-storage/refused', `Azure Storage refused to ${doing}.`, {
    found: `HTTP ${statusCode} ${said}`,
    expected: 'success',
    changed: 'nothing',
    advice,
    cause: error,
  })
}

/** @returns the HTTP status that the service answered with, undefined if it did not */
export function statusOf(error: unknown): number | undefined {
  return (error as Thrown).statusCode
}

/** @returns the service's error code, such as `BlobNotFound` */
export function codeOf(error: unknown): string | undefined {
  return (error as Thrown).code
}
