/** One thing looked at: how it is, how it should be, and what to do where they differ. */

export interface Check {
  readonly name: string
  readonly verdict: 'ok' | 'warn' | 'fail'
  readonly found: string
  readonly expected: string
  /** Empty where all is well. */
  readonly next: string
}

/** @returns a check that found what it should */
export const good = (name: string, found: string, expected: string): Check => ({ name, verdict: 'ok', found, expected, next: '' })

/** @returns a check that found something else */
export function bad(name: string, found: string, expected: string, next: string, verdict: 'warn' | 'fail' = 'fail'): Check {
  return { name, verdict, found, expected, next }
}

/** Does the work of a check; what it throws becomes the check's finding: a failure, or a warning where it only could not be tried. */
export async function checked(name: string, expected: string, next: string, work: () => Promise<string> | string): Promise<Check> {
  try {
    return good(name, await work(), expected)
  } catch (error) {
    const { message, found, code } = error as Error & { found?: string; code?: string }
    const untried = code === 'secret/not-given'
    return bad(name, found === undefined ? message : `${message} (${found})`, expected, next, untried ? 'warn' : 'fail')
  }
}
