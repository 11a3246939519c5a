/** Runs the vendor's programs, and says what went wrong when one did. */
import { type CommandResult, type Context, PluginError } from '@ceremony/engine/plugin'

const TAIL = 600

/**
 * Runs a program that asks nothing.
 * @returns what it printed
 * @throws PluginError `hsm/tool-failed`
 */
export async function ask(context: Context, program: string, ...args: readonly string[]): Promise<string> {
  const result = await context.command.run({ program, args })
  if (result.exitCode !== 0) throw toolFailed(`${program} ${args.join(' ')}`, result, 'nothing')
  return result.stdout
}

/** @param changed what of the world the program may have changed before it failed */
export function toolFailed(command: string, { exitCode, stdout, stderr }: CommandResult, changed: string): PluginError {
  const said = (stderr.trim() || stdout.trim()).slice(-TAIL)
  return new PluginError('hsm/tool-failed', `\`${command.trim()}\` failed.`, {
    found: `exit code ${exitCode}${said ? `: ${said}` : ''}`,
    expected: 'exit code 0',
    changed,
    advice: 'Mend what the program complains of, then resume.',
  })
}

/** For output whose layout is not known: nothing is guessed from it. */
export function unknownOutput(program: string, expected: string, found: string): PluginError {
  return new PluginError('hsm/unknown-output', `The output of \`${program}\` is not laid out as this plugin knows it.`, {
    found: found === '' ? 'nothing' : JSON.stringify(found.slice(0, 200)),
    expected,
    changed: 'nothing',
    advice: 'Check the version of the support software against those that this plugin names; do not go on by guessing.',
  })
}
