/** The command `ceremony`: finds the subcommand, loads only that, and turns what went wrong into words and an exit code. */
import { enableCompileCache } from 'node:module'

enableCompileCache()

const { default: about } = await import('../../package.json', { with: { type: 'json' } })
if (process.argv[2] === '--version' || process.argv[2] === '-V') {
  process.stdout.write(`${about.version}\n`)
} else {
  const { program } = await import('./program.ts')
  await program(about.version)
}
