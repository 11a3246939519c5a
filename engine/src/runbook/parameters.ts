import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { Finding, Runbook } from './model.ts'
import { readYaml } from './read.ts'
import { suggest } from './suggest.ts'

type Schema = Readonly<Record<string, unknown>>

/** Words of JSON Schema that would reach beyond the parameter itself, or promise a check that nobody makes. */
const REFUSED = ['$ref', '$dynamicRef', '$id', '$defs', 'definitions', 'format']

const validators = new WeakMap<Schema, ValidateFunction>()

/** Compiled once: a runbook is checked before its parameters are bound. @throws Error if the schema is none */
function compiled(schema: Schema): ValidateFunction {
  const known = validators.get(schema)
  if (known) return known
  const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: false, strictTuples: false, allowUnionTypes: true })
  const validate = ajv.compile(schema)
  validators.set(schema, validate)
  return validate
}

/** @returns why a parameter's JSON Schema cannot be used, or null if it can */
export function parameterProblem(schema: Schema): string | null {
  const refused = REFUSED.find((word) => JSON.stringify(schema).includes(`"${word}":`))
  if (refused !== undefined) return `\`${refused}\` is not supported here`
  try {
    const validate = compiled(schema)
    if ('default' in schema && !validate(schema.default)) return `its own default does not fit: ${sentence(validate.errors ?? [])}`
    return null
  } catch (error) {
    return (error as Error).message
  }
}

/**
 * Completes the parameters of a ceremony: defaults for those left out, each checked against its schema.
 * @param given values by name, as from `--param` or a file
 * @returns plain data for the scope; findings stand where the runbook declares the parameter
 */
export function bindParameters(runbook: Runbook, given: Schema): { parameters: Schema; findings: Finding[] } {
  const { source } = readYaml(runbook.source, runbook.file)
  const findings: Finding[] = []
  const report = (code: string, name: string | null, message: string, advice?: string) => {
    const offset = name === null ? source.key(['parameters']) : source.key(['parameters', name])
    findings.push(source.finding('error', `parameters/${code}`, offset, message, advice))
  }
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(runbook.parameters, name)) continue
    report('unknown', null, `The runbook has no parameter \`${name}\``, suggest(name, Object.keys(runbook.parameters), 'parameters'))
  }
  const bound: [string, unknown][] = []
  for (const [name, schema] of Object.entries(runbook.parameters)) {
    const value = Object.hasOwn(given, name) ? given[name] : structuredClone(schema.default)
    if (value === undefined) {
      report(
        'missing',
        name,
        `The parameter \`${name}\` is needed`,
        typeof schema.description === 'string' ? schema.description : undefined,
      )
      continue
    }
    const validate = compiled(schema)
    if (!validate(value)) report('value', name, `The parameter \`${name}\` does not fit: ${sentence(validate.errors ?? [])}`)
    bound.push([name, value])
  }
  return { parameters: Object.fromEntries(bound), findings }
}

function sentence(errors: readonly ErrorObject[]): string {
  return errors.map(({ instancePath, message }) => `${instancePath === '' ? 'it' : instancePath} ${message}`).join('; ')
}
