import { ExpressionError, evaluate } from './expression.ts'
import { INSTANCE_KEY } from './instances.ts'
import type { Scope, Step } from './model.ts'
import { splitTemplate } from './template.ts'

type Schema = Readonly<Record<string, unknown>>
const MAX_ITEMS = 1000

/**
 * What the officers write down at an `instruct` step, as the JSON Schema of an object, once everything that it depends
 * on is known: a property with `for-each` becomes an object with one entry for each item (the strings of a list, the
 * keys of a map, or "1" to "n" for a number n).
 * @returns null if the step records nothing
 * @throws ExpressionError
 */
export function recordSchema(step: Step, scope: Scope): Schema | null {
  if (step.does.kind !== 'instruct' || step.does.record === undefined) return null
  const { record, text } = step.does
  const properties = Object.entries(record.properties as Record<string, Schema>).map(([name, schema]): [string, Schema] => {
    const { 'for-each': over, ...each } = schema
    if (typeof over !== 'string') return [name, schema]
    const keys = itemsOf(over, text.position, scope)
    return [
      name,
      objectOf(
        keys.map((key): [string, Schema] => [key, each]),
        schema.title,
      ),
    ]
  })
  return objectOf(properties, record.title)
}

/** The JSON Schema of an object with exactly these properties, all of them required. */
export function objectOf(properties: readonly (readonly [string, Schema])[], title?: unknown): Schema {
  return {
    type: 'object',
    ...(title === undefined ? {} : { title }),
    properties: Object.fromEntries(properties),
    required: properties.map(([name]) => name),
    additionalProperties: false,
  }
}

function itemsOf(over: string, position: Step['position'], scope: Scope): string[] {
  const [part] = splitTemplate(over)
  const expression = { source: part !== undefined && 'expression' in part ? part.expression : over, position }
  const result = evaluate(expression, scope)
  const keys = keysOf(result)
  if (keys === null || keys.length > MAX_ITEMS || new Set(keys).size < keys.length || !keys.every((key) => INSTANCE_KEY.test(key))) {
    const wanted = `a number, a map, or a list of different plain strings (at most ${MAX_ITEMS})`
    throw new ExpressionError('runbook/for-each', `for-each of a record needs ${wanted} and got ${JSON.stringify(result)}`, expression, 0)
  }
  return keys
}

function keysOf(result: unknown): string[] | null {
  if (typeof result === 'number' && Number.isInteger(result) && result >= 0 && result <= MAX_ITEMS) {
    return Array.from({ length: result }, (_, i) => String(i + 1))
  }
  if (Array.isArray(result)) return result.every((item) => typeof item === 'string') ? result : null
  return typeof result === 'object' && result !== null ? Object.keys(result) : null
}
