/** The inputs of a step as they can be told before the day: what is known by value, and of the rest where it comes from. */
import { evaluate, resolve } from '../../runbook/expression.ts'
import type { Position, Runbook, Step, Template } from '../../runbook/model.ts'
import { referencesOf } from '../../runbook/references.ts'
import { splitTemplate } from '../../runbook/template.ts'

/** What is known before the day. */
export interface Known {
  readonly runbook: Runbook
  /** Those that were given or have a default. */
  readonly parameters: Readonly<Record<string, unknown>>
  /** The instance of a for-each step, if its keys depend on parameters alone. */
  readonly each: { readonly key: string; readonly value: unknown } | undefined
}

/** An input, and its value in words. */
export interface Input {
  readonly name: string
  readonly says: string
  /** Whether that is the value itself. */
  readonly known: boolean
}

/** @returns the inputs of a plugin step */
export function inputsOf(step: Step, known: Known): Input[] {
  if (step.does.kind !== 'plugin') return []
  const { value, position } = step.does.with
  return Object.entries(value as Record<string, unknown>).map(([name, item]) => ({ name, ...said(item, position, known) }))
}

/** @returns the inputs by value, where all of them are known before the day */
export function resolvedInputs(inputs: Template, { parameters, each }: Known): unknown {
  return resolve(inputs, { parameters, steps: {}, ...(each ? { each } : {}) })
}

/** @returns a text of the runbook with what is known filled in */
export function textOf(text: string, position: Position, known: Known): string {
  return splitTemplate(text)
    .map((part) => ('text' in part ? part.text : saidOf(part.expression, position, known).says))
    .join('')
}

function said(item: unknown, position: Position, known: Known): { says: string; known: boolean } {
  if (typeof item === 'string') {
    const parts = splitTemplate(item).map((part) =>
      'text' in part ? { says: part.text, known: true } : saidOf(part.expression, position, known),
    )
    return { says: parts.map(({ says }) => says).join(''), known: parts.every((part) => part.known) }
  }
  if (typeof item !== 'object' || item === null) return { says: String(item), known: true }
  const parts = Object.entries(item).map(([name, inner]) => {
    const { says, known: isKnown } = said(inner, position, known)
    return { says: Array.isArray(item) ? says : `${name}: ${says}`, known: isKnown }
  })
  return { says: parts.map(({ says }) => says).join(', '), known: parts.every((part) => part.known) }
}

/** The value of an expression over parameters; of others, the steps that it waits for. */
function saidOf(source: string, position: Position, { runbook, parameters, each }: Known): { says: string; known: boolean } {
  const references = referencesOf(source)
  const isKnown = references.every(({ root, segments }) =>
    root === 'parameters' ? Object.hasOwn(parameters, String(segments[0]?.name)) : root === 'each' && each !== undefined,
  )
  if (isKnown) {
    const value = evaluate({ source, position }, { parameters, steps: {}, ...(each ? { each } : {}) })
    return { says: typeof value === 'string' ? value : JSON.stringify(value), known: true }
  }
  // A bare use of one output needs no formula.
  const bare = references.filter(({ start, end }) => start === 0 && end === source.length)
  const waits = (bare.length > 0 ? bare : references).flatMap(({ root, segments }) => {
    if (root === 'steps')
      return [
        waitsFor(
          segments.map(({ name }) => name),
          runbook,
          each?.key,
        ),
      ]
    if (root === 'parameters') return [`‹parameter ${String(segments[0]?.name)}›`]
    return root === 'each' && !each ? [`‹${['each', ...segments.map(({ name }) => name)].join(' ')}›`] : []
  })
  return { says: bare.length > 0 ? waits.join('') : `${waits.join(' and ')}: ${source}`, known: false }
}

/** `steps["kek"][each.key].outputs.kek` -> `‹kek of step 10, europe›` */
function waitsFor(path: readonly (string | number | null)[], runbook: Runbook, key: string | undefined): string {
  const number = runbook.steps.findIndex(({ id }) => id === path[0]) + 1
  const at = path.indexOf('outputs')
  const what = path.slice(at + 1).filter((name) => name !== null)
  const instance = at > 1 ? (path[1] ?? key) : undefined
  return `‹${what.length > 0 ? what.join(' ') : 'result'} of step ${number}${instance === undefined ? '' : `, ${instance}`}›`.replaceAll(
    '_',
    ' ',
  )
}
