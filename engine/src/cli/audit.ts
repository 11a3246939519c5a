/** What the auditors' commands have in common: what they are given. */
import { statSync } from 'node:fs'
import { CeremonyError } from '../ceremony/error.ts'
import { TrustError } from '../transcript/trust.ts'

/**
 * Checks what was given, does the work, and says in words what was of no use.
 * @throws CeremonyError for a place or an option that is of no use (exit 2)
 */
export async function audit<T>(place: string, options: { head?: string }, work: () => Promise<T>): Promise<T> {
  const missing = (message: string, found: string): CeremonyError =>
    unusable('verify/missing', message, found, 'the folder of a ceremony, or a transcript', 'Check the path.')
  if (!statSync(place, { throwIfNoEntry: false })) throw missing(`There is nothing at ${place}.`, 'no such file or folder')
  if (options.head !== undefined && !/^[0-9a-f]{64}$/i.test(options.head)) {
    const advice = 'Copy the head digest from the paper again.'
    throw unusable('verify/head', '--head is not a digest.', options.head, 'SHA-256 in 64 hex digits', advice)
  }
  try {
    return await work()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (error instanceof TrustError)
      throw unusable(
        'verify/trust',
        'The trust file cannot be used.',
        message,
        'a YAML list of fingerprints or public keys, or a map with `officers`',
        'Correct the file; docs/transcript.md shows examples.',
      )
    if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR') throw missing(`No transcript can be read at ${place}.`, message)
    throw error
  }
}

function unusable(code: string, message: string, found: string, expected: string, advice: string): CeremonyError {
  return new CeremonyError(code, message, { found, expected, advice, exitCode: 2 })
}
