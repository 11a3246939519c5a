import { Ajv } from 'ajv'
import type { Finding } from './model.ts'
import { describeErrors } from './schema-findings.ts'
import { member, type Schema } from './schema-path.ts'
import type { Source } from './source.ts'
import { suggest } from './suggest.ts'
import type { Trail } from './yaml-data.ts'

/** The CEL type of a text: of its expression if it is one, else `string`. */
type TypeOf = (text: string) => string

const compiled = new WeakMap<Schema, ReturnType<Ajv['compile']>>()

/**
 * Compares a `with:` with the input schema of its action: what is written out completely, and what expressions fill in as
 * far as their types are known.
 */
export function withFindings(value: unknown, schema: Schema, path: Trail, source: Source, typeOf: TypeOf): Finding[] {
  if (!holdsExpression(value)) return literalFindings(value, schema, path, source)
  if (typeof value === 'string') return textFindings(value, schema, path, source, typeOf)
  // Behind a choice of schemas only the run can tell which of them is meant.
  if (schema.anyOf !== undefined || schema.oneOf !== undefined || schema.allOf !== undefined) return []
  if (Array.isArray(value)) {
    if (!fits('array', schema)) return [mismatch('a list', schema, path, source)]
    return value.flatMap((item, index) => inner(item, index, schema, [...path, index], source, typeOf))
  }
  if (!fits('object', schema)) return [mismatch('a map', schema, path, source)]
  const map = value as Readonly<Record<string, unknown>>
  const found: Finding[] = []
  for (const [name, item] of Object.entries(map)) {
    const inside = member(schema, name)
    if ('schema' in inside) found.push(...withFindings(item, inside.schema, [...path, name], source, typeOf))
    else if (inside.wrong === 'no-such-name') found.push(unknownKey(name, inside.names, [...path, name], source))
  }
  for (const name of (schema.required as readonly string[] | undefined) ?? []) {
    if (!Object.hasOwn(map, name)) found.push(missingKey(name, schema, path, source))
  }
  return found
}

function inner(item: unknown, index: number, schema: Schema, path: Trail, source: Source, typeOf: TypeOf): Finding[] {
  const inside = member(schema, index)
  return 'schema' in inside ? withFindings(item, inside.schema, path, source, typeOf) : []
}

function holdsExpression(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('${{')
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsExpression)
}

function literalFindings(value: unknown, schema: Schema, path: Trail, source: Source): Finding[] {
  let validate = compiled.get(schema)
  if (validate === undefined) {
    validate = new Ajv({ allErrors: true, strict: false, verbose: true, validateFormats: false, logger: false }).compile(schema)
    compiled.set(schema, validate)
  }
  return validate(value) ? [] : describeErrors(validate.errors ?? [], value, source, path, 'input')
}

function textFindings(text: string, schema: Schema, path: Trail, source: Source, typeOf: TypeOf): Finding[] {
  const type = typeOf(text)
  const choices = ((schema.anyOf ?? schema.oneOf) as readonly Schema[] | undefined) ?? [schema]
  if (choices.some((choice) => possible(type, choice))) return []
  return [mismatch(`of type ${type}`, schema, path, source)]
}

const JSON_TYPES: Readonly<Record<string, readonly string[]>> = {
  string: ['string'],
  int: ['integer', 'number'],
  uint: ['integer', 'number'],
  double: ['number', 'integer'],
  bool: ['boolean'],
  null: ['null'],
  list: ['array'],
  map: ['object'],
}

/** Whether a result of this CEL type can be a value described by `schema`. */
function possible(type: string, schema: Schema): boolean {
  const json = JSON_TYPES[type.replace(/<.*/, '')]
  return json === undefined || json.some((each) => fits(each, schema))
}

function fits(type: string, schema: Schema): boolean {
  if (schema.type === undefined) return !('const' in schema) || typeof schema.const === type
  return [schema.type].flat().includes(type)
}

function mismatch(what: string, schema: Schema, path: Trail, source: Source): Finding {
  const wanted = [schema.type ?? 'something else'].flat().join(' or ')
  const message = `\`${path.at(-1)}\` is ${what}, and the action wants ${wanted}`
  return source.finding('error', 'input/type', source.value(path), message, descriptionOf(schema))
}

function unknownKey(name: string, names: readonly string[], path: Trail, source: Source): Finding {
  return source.finding('error', 'input/unknown-key', source.key(path), `Unknown key \`${name}\``, suggest(name, names, 'keys'))
}

function missingKey(name: string, schema: Schema, path: Trail, source: Source): Finding {
  const about = (schema.properties as Readonly<Record<string, Schema>> | undefined)?.[name]
  const advice = about === undefined ? undefined : descriptionOf(about)
  return source.finding('error', 'input/missing-key', source.value(path), `The key \`${name}\` is missing`, advice)
}

function descriptionOf(schema: Schema): string | undefined {
  return typeof schema.description === 'string' ? schema.description : undefined
}
