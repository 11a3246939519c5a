/** The parameters of a ceremony as a file gives them. */
import Type from 'typebox'
import { readYaml } from './yaml-file.ts'

/** An empty file gives none. */
const ParametersSchema = Type.Unsafe<Record<string, unknown> | null>({ type: ['object', 'null'] })

/**
 * @param file YAML; undefined where none is given
 * @returns values by name, which are still to be bound to a runbook
 * @throws CeremonyError `parameters/missing`, `parameters/invalid` (exit 2)
 */
export function readParameters(file: string | undefined): Record<string, unknown> {
  return file === undefined ? {} : ((readYaml(file, ParametersSchema, 'parameters') ?? {}) as Record<string, unknown>)
}
