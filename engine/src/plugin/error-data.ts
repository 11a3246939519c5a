/** PluginError to data and back, so that errors keep their code and advice across processes. */
import { PluginError } from './contract.ts'
import type { ErrorData } from './protocol.ts'

/** @returns the error as data; anything that is not a PluginError becomes `plugin/unexpected` with what it said. */
export function errorData(error: unknown): ErrorData {
  if (error instanceof PluginError) {
    const { code, message, found, expected, changed, advice } = error
    return { code, message, found, expected, changed, advice }
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  if (isRefusal(error)) {
    return {
      code: 'plugin/not-allowed',
      message,
      found: 'the plugin tried to reach past its capabilities',
      expected: 'a plugin acts only through the capabilities that the engine hands it',
      changed: 'nothing',
      advice: 'Do not run this plugin until its maintainers have explained the attempt.',
    }
  }
  return {
    code: 'plugin/unexpected',
    message,
    found: (error as Error)?.stack?.split('\n').slice(0, 4).join('\n') ?? message,
    expected: 'an answer, or an error that the plugin explains',
    changed: 'unknown',
    advice: 'Resume: the step is then checked against the world. Report this to the maintainers of the plugin.',
  }
}

/** Whether Node's permission model refused something, here or further down in what caused the error. */
function isRefusal(error: unknown): boolean {
  for (let at = error as { code?: unknown; cause?: unknown } | undefined, depth = 0; at && depth < 5; at = at.cause as never, depth++) {
    if (at.code === 'ERR_ACCESS_DENIED' || at.code === 'ERR_DLOPEN_DISABLED') return true
  }
  return false
}

/** @returns the PluginError that the data stands for */
export function errorFrom(data: ErrorData): PluginError {
  return new PluginError(data.code, data.message, data)
}
