/**
 * Bounds the time of work that strangers can make long: a runbook and its plugins' schemas hold regular expressions and
 * expressions of their own, and some of those take longer than anyone lives.
 */
import { Script } from 'node:vm'

/** The work did not come to an end in time. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError'
}

// V8 interrupts a script that runs too long, a regular expression within it too; so the work is called from a script.
const WORK = Symbol.for('ceremony.work')
const script = new Script(`globalThis[Symbol.for('ceremony.work')]()`)

/**
 * Does the work, in this thread and at once. What it changes stays half changed when it is cut off.
 * @throws TimeLimitError when it takes longer
 * @throws whatever the work throws
 */
export function within(milliseconds: number, work: () => void): void {
  const space = globalThis as { [WORK]?: () => void }
  space[WORK] = work
  try {
    script.runInThisContext({ timeout: milliseconds })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
    throw new TimeLimitError(`longer than ${milliseconds / 1000} s`)
  } finally {
    delete space[WORK]
  }
}
