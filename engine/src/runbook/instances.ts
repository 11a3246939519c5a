import { ExpressionError, evaluate } from './expression.ts'
import type { Scope, Step } from './model.ts'

/** One turn of a for-each step; a step without for-each has a single instance with the key null. */
export interface Instance {
  readonly key: string | null
  readonly value: unknown
}

const MAX_INSTANCES = 10_000
/** Keys stand in the transcript, in file names of reports and in `steps.x["key"]`, so they stay plain. */
export const INSTANCE_KEY = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

/**
 * The instances of a step. Over a map the key is the property's name; over a list it is the item itself (a string), the
 * item's `key` property (an object), or the index.
 * @throws ExpressionError if for-each is neither list nor map, has too many items, or its keys repeat or hold odd characters
 */
export function instances(step: Step, scope: Scope): Instance[] {
  if (step.forEach === undefined) return [{ key: null, value: null }]
  const expression = step.forEach
  const over = evaluate(expression, scope)
  const refuse = (reason: string) => new ExpressionError('runbook/for-each', reason, expression, 0)
  if (typeof over !== 'object' || over === null) throw refuse(`for-each needs a list or a map and got ${JSON.stringify(over)}`)
  const found = Array.isArray(over) ? over.map((value, index) => ({ key: keyOf(value, index), value })) : entries(over)
  if (found.length > MAX_INSTANCES) throw refuse(`for-each has ${found.length} items, and ${MAX_INSTANCES} are allowed`)
  const seen = new Set<string>()
  for (const { key } of found) {
    if (!INSTANCE_KEY.test(key)) {
      throw refuse(`The for-each key ${JSON.stringify(key)} must be letters, digits, dots, dashes and underscores (at most 128)`)
    }
    if (seen.has(key)) throw refuse(`The for-each key ${JSON.stringify(key)} stands there twice`)
    seen.add(key)
  }
  return found
}

function entries(map: object): { key: string; value: unknown }[] {
  return Object.entries(map).map(([key, value]) => ({ key, value }))
}

function keyOf(item: unknown, index: number): string {
  if (typeof item === 'string') return item
  if (typeof item === 'object' && item !== null && Object.hasOwn(item, 'key')) return String((item as { key: unknown }).key)
  return String(index)
}
