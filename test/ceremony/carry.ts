/** Carries the small ceremony in argv on; says on stdout as JSON why it stopped, and ends with its exit code. */
import type { CeremonyError } from '../../engine/src/ceremony/error.ts'
import { carry } from './small.ts'

try {
  await carry(process.argv[2]!)
} catch (error) {
  const { code, message, found, advice, exitCode } = error as CeremonyError
  process.stdout.write(JSON.stringify({ code, message, found, advice, exitCode }))
  process.exitCode = exitCode ?? 70
}
