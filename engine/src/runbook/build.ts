import { createHash } from 'node:crypto'
import { parseDuration } from './duration.ts'
import type { Does, Expression, Quorum, Runbook, Step } from './model.ts'
import { objectOf } from './record.ts'
import type { Source } from './source.ts'
import { splitTemplate } from './template.ts'
import type { Trail } from './yaml-data.ts'

type Data = Readonly<Record<string, unknown>>

/**
 * Makes a runbook of a file's data. What is missing or of the wrong type becomes empty, so that the checks behind can look
 * at the rest; only a runbook without findings of severity `error` may be run.
 * @returns null if the data is nothing like a runbook
 */
export function buildRunbook(data: unknown, bytes: Uint8Array, source: Source): Runbook | null {
  const top = mapOf(data)
  if (!Array.isArray(top.steps)) return null
  const stations = mapsOf(top.stations, ({ network, title }) => ({
    network: network === 'azure' ? ('azure' as const) : ('none' as const),
    ...titled(title),
  }))
  const title = textOf(top.title)
  return {
    file: source.file,
    source: bytes,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    name: textOf(top.runbook),
    version: typeof top.version === 'number' ? top.version : 0,
    title,
    parameters: mapsOf(top.parameters, (schema) => schema),
    stations,
    roles: mapsOf(top.roles, (role) => ({ atLeast: typeof role['at-least'] === 'number' ? role['at-least'] : 1, ...titled(role.title) })),
    plugins: Object.fromEntries(Object.entries(mapOf(top.plugins)).map(([name, range]) => [name, textOf(range)])),
    steps: buildSteps(top.steps, title, Object.keys(stations), source),
  }
}

function buildSteps(items: readonly unknown[], title: string, stations: readonly string[], source: Source): Step[] {
  let phase = title
  let station = stations.length === 1 ? stations[0]! : ''
  const steps: Step[] = []
  for (const [index, item] of items.entries()) {
    const data = mapOf(item)
    phase = typeof data.phase === 'string' ? data.phase : phase
    station = typeof data.station === 'string' ? data.station : station
    const step = buildStep(data, phase, station, ['steps', index], source)
    steps.push(step)
    if (step.does.kind === 'transfer') station = step.does.to
  }
  return steps
}

function buildStep(data: Data, phase: string, station: string, path: Trail, source: Source): Step {
  const id = textOf(data.id)
  const signOff = mapOf(data['sign-off'])
  const until = mapOf(data.until)
  const expressionAt = (value: unknown, trail: Trail): Expression => expressionOf(textOf(value), [...path, ...trail], source)
  return {
    id,
    title: textOf(data.title) || spoken(id),
    phase,
    station,
    position: source.position(source.value(path)),
    ...(typeof data['for-each'] === 'string' ? { forEach: expressionAt(data['for-each'], ['for-each']) } : {}),
    concurrency: typeof data.concurrency === 'number' ? data.concurrency : 1,
    ...(typeof data.when === 'string' ? { when: expressionAt(data.when, ['when']) } : {}),
    ...(typeof until.that === 'string'
      ? {
          until: {
            that: expressionAt(until.that, ['until', 'that']),
            every: parseDuration(textOf(until.every)) ?? 0,
            within: parseDuration(textOf(until.within)) ?? 0,
          },
        }
      : {}),
    ...(typeof data.takes === 'string' ? { takes: parseDuration(data.takes) ?? 0 } : {}),
    signOff: { before: quorumOf(signOff.before), after: quorumOf(signOff.after) },
    notSameAs: [data['not-same-as'] ?? []].flat().filter((each) => typeof each === 'string'),
    does: buildDoes(data, path, source),
  }
}

function buildDoes(data: Data, path: Trail, source: Source): Does {
  const at = (key: string) => source.position(source.value([...path, key]))
  if (typeof data.instruct === 'string') {
    const properties = Object.entries(mapOf(data.record)).map(([name, schema]) => [name, mapOf(schema)] as const)
    const text = { value: data.instruct, position: at('instruct') }
    return { kind: 'instruct', text, ...(properties.length > 0 ? { record: objectOf(properties) } : {}) }
  }
  if (Array.isArray(data.assert)) {
    const checks = data.assert.map((each, index) => ({
      that: expressionOf(textOf(mapOf(each).that), [...path, 'assert', index, 'that'], source),
      message: textOf(mapOf(each).message),
    }))
    return { kind: 'assert', checks }
  }
  if (typeof data.transfer === 'object') return { kind: 'transfer', to: textOf(mapOf(data.transfer).to) }
  if (typeof data.wait === 'string') return { kind: 'wait', milliseconds: parseDuration(data.wait) ?? 0 }
  const [plugin = '', action = ''] = textOf(data.uses).split('/')
  return { kind: 'plugin', plugin, action, with: { value: mapOf(data.with), position: at('with') } }
}

/** An expression stands bare or as the only `${{ }}` of its text. */
function expressionOf(text: string, path: Trail, source: Source): Expression {
  const { expression, offset } = unwrapped(text)
  return { source: expression, position: source.position(source.inside(path, text, offset, 0)) }
}

/** The expression in a text that is one expression, bare or in `${{ }}`, and where in the text it begins. */
export function unwrapped(text: string): { expression: string; offset: number } {
  const bare = { expression: text.trim(), offset: text.length - text.trimStart().length }
  if (!bare.expression.startsWith('${{')) return bare
  try {
    const parts = splitTemplate(bare.expression)
    const [only] = parts
    if (parts.length === 1 && only !== undefined && 'expression' in only) {
      return { expression: only.expression, offset: bare.offset + only.offset }
    }
  } catch {
    // Without its end it is no template; reading it as CEL tells what is wrong.
  }
  return bare
}

/** "create-world" as people say it. */
function spoken(id: string): string {
  const words = id.replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function quorumOf(value: unknown): Quorum {
  return Object.fromEntries(Object.entries(mapOf(value)).filter((entry): entry is [string, number] => typeof entry[1] === 'number'))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function titled(title: unknown): { title?: string } {
  return typeof title === 'string' ? { title } : {}
}

function mapOf(value: unknown): Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Data) : {}
}

function mapsOf<T>(value: unknown, each: (item: Data) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(mapOf(value)).map(([name, item]) => [name, each(mapOf(item))]))
}
