/**
 * A pseudo-terminal for a vendor's program: tools that ask for passphrases want to see one, and switch its echo off. It is
 * opened by util-linux `script`, which every Linux has, so that no native code of ours is needed. What is typed into it
 * does not show by itself, whatever the program does with the echo.
 */
import { execFileSync } from 'node:child_process'

const SCRIPT = '/usr/bin/script'
const SETPRIV = '/usr/bin/setpriv'

/** A program with its arguments, to be started as they are. */
export interface Command {
  readonly file: string
  readonly args: readonly string[]
}

let usable: boolean | undefined

/** @returns the command that runs that program on a pseudo-terminal; undefined where the system has no fitting `script` */
export function onPseudoTerminal({ file, args }: Command): Command | undefined {
  usable ??= works()
  if (!usable) return undefined
  // Wide, so that the program folds nothing. `script` knows command lines only, so each word is quoted.
  const line = `stty cols 1000 2>/dev/null; exec ${[file, ...args].map(quoted).join(' ')}`
  const script = ['--quiet', '--return', '--flush', '--echo', 'never', '--command', line, '/dev/null']
  // Should this process be killed, the terminal is hung up, and the program with it.
  return { file: SETPRIV, args: ['--pdeathsig', 'HUP', '--', SCRIPT, ...script] }
}

function works(): boolean {
  try {
    const args = ['--pdeathsig', 'HUP', '--', SCRIPT, '--quiet', '--return', '--echo', 'never', '--command', 'test -t 0', '/dev/null']
    execFileSync(SETPRIV, args, { stdio: ['pipe', 'ignore', 'ignore'], env: { SHELL: '/bin/sh', PATH: '/usr/bin:/bin' }, timeout: 10_000 })
    return true
  } catch {
    return false
  }
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`
