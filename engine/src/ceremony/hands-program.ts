/** A program in the place of hands: moves the cards and switches of a twin. */
import { execa } from 'execa'
import Type, { type Static } from 'typebox'
import type { HandsRequest } from '../plugin/contract.ts'

/** How a file names such a program. */
export const HandsSchema = Type.Object(
  { run: Type.Array(Type.String(), { minItems: 1 }), environment: Type.Optional(Type.Record(Type.String(), Type.String())) },
  { additionalProperties: false },
)

/** @param at finds what the file names by a path */
export function handsOf({ run, environment = {} }: Static<typeof HandsSchema>, at: (path: string) => string): HandsProgram {
  return { run: [at(run[0]!), ...run.slice(1)], environment }
}

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
