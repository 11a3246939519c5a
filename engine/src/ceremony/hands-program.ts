/** A program in the place of hands: moves the cards and switches of a twin. */
import { execa } from 'execa'
import type { HandsRequest } from '../plugin/contract.ts'

export interface HandsProgram {
  readonly run: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

/**
 * Runs the program with the request as JSON on its input.
 * @returns why it could not be done; undefined when it is done
 */
export async function runHands({ run, environment }: HandsProgram, request: HandsRequest): Promise<string | undefined> {
  const [program, ...args] = run
  const result = await execa(program!, args, {
    input: JSON.stringify(request),
    env: { ...environment, PATH: process.env.PATH ?? '/usr/bin:/bin' },
    extendEnv: false,
    reject: false,
  })
  if (result.exitCode === 0) return undefined
  return result.stderr.trim() || `the hands ended with exit code ${result.exitCode}`
}
