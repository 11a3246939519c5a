/** Why a ceremony stopped: for the people in the room, with a stable code and the exit code of the command. */

/** 1: a step or a check failed; 2: bad usage, setup or runbook; 3: stopped, and can be resumed as it is. */
export type ExitCode = 1 | 2 | 3

export class CeremonyError extends Error {
  readonly code: string
  readonly found: string
  readonly expected: string
  readonly advice: string
  readonly exitCode: ExitCode

  constructor(
    code: string,
    message: string,
    about: { found: string; expected: string; advice: string; exitCode: ExitCode; cause?: unknown },
  ) {
    super(message, { cause: about.cause })
    this.name = 'CeremonyError'
    this.code = code
    this.found = about.found
    this.expected = about.expected
    this.advice = about.advice
    this.exitCode = about.exitCode
  }
}
