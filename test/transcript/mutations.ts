/** Every way to change one thing in JSON data: each leaf, each name, each item of a list. */

export interface Mutation {
  /** Where: names and indexes. */
  readonly path: readonly (string | number)[]
  /** What was done there. */
  readonly what: string
  /** The whole data, changed. */
  readonly value: unknown
}

type Change = readonly [what: string, value: unknown]
/** In place of a value: nothing at all. */
const GONE = Symbol('gone')

/** Walks the data and yields every change. */
export function* mutations(data: unknown): Generator<Mutation> {
  for (const { path, value } of places(data)) {
    for (const [what, changed] of changesOf(value, path.at(-1)))
      if (changed !== value) yield { path, what, value: replaced(data, path, changed) }
    if (path.length > 0) yield { path, what: 'removed', value: replaced(data, path, GONE) }
  }
}

function* places(
  value: unknown,
  path: readonly (string | number)[] = [],
): Generator<{ path: readonly (string | number)[]; value: unknown }> {
  yield { path, value }
  if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* places(item, [...path, index])
  else if (isMap(value)) for (const [name, item] of Object.entries(value)) yield* places(item, [...path, name])
}

/** Other values of the same type, so that what it says is wrong and not only its form; and one of another type. */
function* changesOf(value: unknown, name: string | number | undefined): Generator<Change> {
  if (typeof value === 'string') yield* changesOfText(value, name)
  else if (typeof value === 'number') yield* [['plus one', value + 1] as const, ['nought', 0] as const, ['a text', String(value)] as const]
  else if (typeof value === 'boolean') yield* [['the contrary', !value] as const, ['null', null] as const]
  else if (value === null) yield* [['a text', 'x'] as const, ['a map', {}] as const]
  else if (Array.isArray(value)) {
    yield ['an item more', [...value, value.at(-1) ?? 'x']]
    yield ['null', null]
    if (value.length > 1) yield ['the first two swapped', [value[1], value[0], ...value.slice(2)]]
  } else if (isMap(value)) {
    yield ['a name more', { ...value, more: 'x' }]
    yield ['null', null]
  }
}

function* changesOfText(text: string, name: string | number | undefined): Generator<Change> {
  yield ['a character more', `${text}x`]
  yield ['null', null]
  if (/^[0-9a-f]{64}$/.test(text)) yield ['another digit', `${text[0] === '0' ? '1' : '0'}${text.slice(1)}`]
  if (name === 'time') {
    yield ['a day earlier', new Date(Date.parse(text) - 86_400_000).toISOString()]
    yield ['a millisecond later', new Date(Date.parse(text) + 1).toISOString()]
  }
  if (name === 'mode') yield ['the other', text === 'rehearsal' ? 'production' : 'rehearsal']
  if (name === 'ceremony') yield ['another', `${text.slice(0, -1)}0`]
  if (name === 'result') for (const other of ['done', 'failed', 'complete', 'aborted']) if (other !== text) yield [other, other]
  if (name === 'verdict') yield ['the other', text === 'done' ? 'not-done' : 'done']
  if (name === 'how') yield ['the other', text === 'officers' ? 'reconciled' : 'officers']
  if (name === 'instance') yield ['another', 'two']
}

function replaced(data: unknown, [first, ...rest]: readonly (string | number)[], value: unknown): unknown {
  if (first === undefined) return value
  const inner = replaced((data as Record<string | number, unknown>)[first], rest, value)
  if (Array.isArray(data)) return inner === GONE ? data.toSpliced(Number(first), 1) : data.with(Number(first), inner)
  const { [first]: _, ...others } = data as Record<string | number, unknown>
  return inner === GONE ? others : { ...others, [first]: inner }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
