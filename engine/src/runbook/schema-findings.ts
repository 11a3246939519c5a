import { Ajv, type ErrorObject } from 'ajv'
import type { Finding } from './model.ts'
import { NAME, RunbookSchema } from './schema.ts'
import type { Source } from './source.ts'
import { suggest } from './suggest.ts'
import type { Trail } from './yaml-data.ts'

const MAX_FINDINGS = 200
const NAME_RULE = 'Names are small letters, digits and single dashes, and begin with a letter.'

let validate: ReturnType<Ajv['compile']> | undefined

/** Compares a file's data with the runbook schema. @returns every difference, at its place */
export function schemaFindings(data: unknown, source: Source): Finding[] {
  validate ??= new Ajv({ allErrors: true, strict: true, allowUnionTypes: true, verbose: true }).compile(RunbookSchema)
  if (validate(data)) return []
  return describeErrors(validate.errors ?? [], data, source, [])
}

/**
 * Turns ajv's errors (of an instance made with `verbose`) into findings.
 * @param at the path of the checked value in the file
 */
export function describeErrors(errors: readonly ErrorObject[], data: unknown, source: Source, at: Trail, code = 'runbook'): Finding[] {
  const found: Finding[] = []
  for (const error of errors) {
    // Alternatives and names report twice: once in detail, once in sum. The detail of an alternative only misleads.
    if (/\/(anyOf|oneOf)\//.test(error.schemaPath) || error.propertyName !== undefined) continue
    const path = [...at, ...pathOf(error.instancePath, data)]
    found.push(describe(error, path, source, code))
    if (found.length === MAX_FINDINGS) break
  }
  return found
}

/** ajv's JSON pointer (RFC 6901) as a path; list indexes as numbers. */
function pathOf(pointer: string, data: unknown): (string | number)[] {
  let value = data
  return pointer
    .split('/')
    .slice(1)
    .map((raw) => {
      const name = raw.replaceAll('~1', '/').replaceAll('~0', '~')
      const step = Array.isArray(value) ? Number(name) : name
      value = (value as Record<string, unknown> | undefined)?.[name]
      return step
    })
}

function describe(error: ErrorObject, path: Trail, source: Source, code: string): Finding {
  const { keyword, params, parentSchema } = error
  const where = nameOf(path)
  const finding = (name: string, offset: number, message: string, advice?: string) =>
    source.finding('error', `${code}/${name}`, offset, message, advice)
  switch (keyword) {
    case 'additionalProperties': {
      const key = String(params.additionalProperty)
      const known = Object.keys((parentSchema?.properties as object | undefined) ?? {})
      return finding('unknown-key', source.key([...path, key]), `Unknown key \`${key}\``, suggest(key, known, 'keys'))
    }
    case 'required':
      return finding(
        'missing-key',
        source.value(path),
        `The key \`${params.missingProperty}\` is missing`,
        hint(error, params.missingProperty),
      )
    case 'propertyNames':
      return finding('name', source.key([...path, params.propertyName]), `\`${params.propertyName}\` cannot be a name`, NAME_RULE)
    case 'type':
      return finding(
        'type',
        source.value(path),
        `${where} must be ${article(params.type)}, and is ${article(kindOf(error.data))}`,
        about(error),
      )
    case 'enum': {
      const allowed = (params.allowedValues as unknown[]).map((each) => (typeof each === 'string' ? each : JSON.stringify(each)))
      return finding(
        'value',
        source.value(path),
        `${shown(error.data)} is not allowed here`,
        suggest(String(error.data), allowed, 'values'),
      )
    }
    case 'pattern':
      return finding('value', source.value(path), `${shown(error.data)} does not have the right form`, formOf(error))
    case 'minItems':
    case 'minProperties':
      return finding(
        'value',
        source.value(path),
        `${where} needs at least ${params.limit} ${params.limit === 1 ? 'entry' : 'entries'}`,
        about(error),
      )
    case 'anyOf':
      return finding('value', source.value(path), `${shown(error.data)} is not allowed here`, about(error))
    default:
      return finding('value', source.value(path), `${where} ${error.message}`, about(error))
  }
}

function nameOf(path: Trail): string {
  const last = path.at(-1)
  if (last === undefined) return 'The runbook'
  return typeof last === 'number' ? `Item ${last + 1} of \`${path.at(-2)}\`` : `\`${last}\``
}

function about(error: ErrorObject): string | undefined {
  const description = error.parentSchema?.description
  return typeof description === 'string' ? description : undefined
}

function formOf(error: ErrorObject): string {
  return error.params.pattern === NAME ? NAME_RULE : (about(error) ?? `It must match ${error.params.pattern}`)
}

function hint(error: ErrorObject, key: string): string | undefined {
  const properties = error.parentSchema?.properties as Record<string, { description?: string }> | undefined
  return properties?.[key]?.description
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}

const KIND_NAMES: Readonly<Record<string, string>> = {
  object: 'a map',
  array: 'a list',
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  null: 'empty',
}

/** JSON Schema's types in the words of people who write YAML. */
function article(type: unknown): string {
  return [type]
    .flat()
    .map((each) => KIND_NAMES[String(each)] ?? String(each))
    .join(' or ')
}

function shown(value: unknown): string {
  const json = JSON.stringify(value)
  return `\`${json.length > 60 ? `${json.slice(0, 57)}…` : json}\``
}
