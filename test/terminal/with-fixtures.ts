/** Carries a ceremony on at the terminal, with the plugins of the tests: FOLDER. */
import { fileURLToPath } from 'node:url'
import { CeremonyError } from '../../engine/src/ceremony/error.ts'
import { goAtTerminal } from '../../engine/src/cli/at-terminal.ts'

try {
  await goAtTerminal(process.argv[2]!, { pluginFolders: [fileURLToPath(new URL('../plugin/fixtures', import.meta.url))] })
} catch (error) {
  if (!(error instanceof CeremonyError)) throw error
  process.stderr.write(`${error.message} [${error.code}]\n`)
  process.exitCode = error.exitCode
}
