/** Looks inside JSON Schemas: what lies behind a name, and which CEL type it has. */
import type { Segment } from './references.ts'

export type Schema = Readonly<Record<string, unknown>>

/** A schema that allows everything: nothing is known about the value. */
export const ANYTHING: Schema = {}

export type Member =
  | { readonly schema: Schema }
  | { readonly wrong: 'no-such-name'; readonly names: readonly string[] }
  | { readonly wrong: 'no-inside'; readonly kind: string }

/** What stands behind one name or index of a value described by `schema`. */
export function member(schema: Schema, name: Segment['name']): Member {
  const alternatives = (schema.anyOf ?? schema.oneOf ?? schema.allOf) as readonly Schema[] | undefined
  if (alternatives !== undefined) return memberOfAny(alternatives, name)
  if (schema.type === 'array' || (schema.type === undefined && schema.items !== undefined)) {
    return typeof name === 'string' ? { wrong: 'no-inside', kind: 'list' } : { schema: schemaOf(schema.items) }
  }
  if (schema.type === 'object' || schema.properties !== undefined) return property(schema, name)
  if (typeof schema.type === 'string') return { wrong: 'no-inside', kind: schema.type }
  return { schema: ANYTHING }
}

function memberOfAny(alternatives: readonly Schema[], name: Segment['name']): Member {
  const members = alternatives.map((each) => member(each, name))
  const right = members.filter((each) => 'schema' in each)
  if (right.length === 1) return right[0]!
  if (right.length > 1) return { schema: ANYTHING }
  const names = members.flatMap((each) => ('names' in each ? each.names : []))
  return names.length > 0 ? { wrong: 'no-such-name', names } : (members[0] ?? { schema: ANYTHING })
}

function property(schema: Schema, name: Segment['name']): Member {
  const properties = (schema.properties ?? {}) as Readonly<Record<string, Schema>>
  const patterns = Object.entries((schema.patternProperties ?? {}) as Readonly<Record<string, Schema>>)
  const others = schema.additionalProperties
  if (name === null) {
    const [only] = patterns
    if (Object.keys(properties).length > 0 || patterns.length > 1) return { schema: ANYTHING }
    return { schema: only === undefined ? schemaOf(others) : only[1] }
  }
  if (Object.hasOwn(properties, name)) return { schema: properties[name]! }
  const matching = patterns.find(([pattern]) => new RegExp(pattern, 'u').test(String(name)))
  if (matching !== undefined) return { schema: matching[1] }
  if (others === false) return { wrong: 'no-such-name', names: Object.keys(properties) }
  return { schema: schemaOf(others) }
}

function schemaOf(value: unknown): Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Schema) : ANYTHING
}

/** The schema of one item of a value that for-each goes over. */
export function itemOf(schema: Schema): Schema {
  const inside = member(schema, null)
  return 'schema' in inside ? inside.schema : ANYTHING
}

/** The CEL type of a value described by `schema`; `dyn` where it is open. A JSON `number` may be int or double, so it is open too. */
export function celType(schema: Schema): string {
  switch (schema.type) {
    case 'string':
      return 'string'
    case 'integer':
      return 'int'
    case 'boolean':
      return 'bool'
    case 'array':
      return `list<${celType(schemaOf(schema.items))}>`
    case 'object': {
      const open = schema.properties === undefined && schema.patternProperties === undefined
      return `map<string, ${open ? celType(schemaOf(schema.additionalProperties)) : 'dyn'}>`
    }
    default:
      return typeof schema.const === 'string' ? 'string' : 'dyn'
  }
}
