/** The frame of every tool: its arguments, its exit code, its complaints. */
import { basename } from 'node:path'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { ToolError } from './tool-error.ts'

/** Runs a tool and ends the process with the exit code it returns; a ToolError is printed on stderr. */
export async function runTool(main: (args: readonly string[]) => number | Promise<number>): Promise<void> {
  const name = basename(process.argv[1] ?? '', '.ts')
  try {
    process.exitCode = await main(process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    process.stderr.write(`${name}: ${error.message}\n`)
    process.exitCode = error.exitCode
  }
  // A terminal or pipe that is still being listened to must not keep the tool alive.
  process.stdin.unref?.()
}

/** @throws ToolError (exit code 2) for an option that the tool does not have */
export function readArguments<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config)
  } catch (error) {
    throw new ToolError((error as Error).message, 2)
  }
}

/** @throws ToolError unless `-m` names the one module there is */
export function checkModule(module: string | undefined): void {
  if (module !== undefined && module !== '1') throw new ToolError(`there is no module #${module}`)
}

/**
 * @param text `K/N` as `-Q` takes it
 * @throws ToolError when it is not 1 ≤ K ≤ N ≤ 64
 */
export function readQuorum(text: string | undefined): { readonly needed: number; readonly total: number } {
  const match = /^(\d{1,2})\/(\d{1,2})$/.exec(text ?? '')
  const needed = Number(match?.[1])
  const total = Number(match?.[2])
  if (!match || needed < 1 || needed > total || total > 64) throw new ToolError('-Q takes K/N with 1 <= K <= N <= 64', 2)
  return { needed, total }
}

/** Prints a line. Standard output to a pipe or terminal is written before this returns. */
export function say(line = ''): void {
  process.stdout.write(`${line}\n`)
}
