/** The runbook's steps as rows of a script: each instance that is known before the day is a row of its own. */

import { instances } from '../../runbook/instances.ts'
import type { Quorum, Runbook, Step } from '../../runbook/model.ts'
import { plan } from '../../runbook/plan.ts'
import { durationOf, listed } from '../browser/text.ts'
import { type Input, inputsOf, type Known, resolvedInputs, textOf } from './inputs.ts'

export interface Row {
  readonly step: Step
  /** `9`, or `9.2` for the second instance. */
  readonly number: string
  /** The instance; `each` where only the run will tell which there are; null for a step without for-each. */
  readonly key: string | null
  readonly title: string
  /** What is done, in words. */
  readonly says: string
  readonly inputs: readonly Input[]
  /** What shows that it went well. */
  readonly expected: readonly string[]
  readonly seats: readonly { readonly when: 'before' | 'after'; readonly role: string }[]
  /** What is written down: name, and for how many. */
  readonly fields: readonly { readonly name: string; readonly perCard: boolean }[]
}

export interface Act {
  readonly title: string
  readonly rows: readonly Row[]
}

/** More instances than these stand in one row. */
const MAX_INSTANCES = 60

/** What the plugins tell of an action. */
export interface Describing {
  /** The instances that a for-each step had; undefined before the day. */
  instances?(step: string): readonly string[]
  /** The names of what it gives. */
  outputs(action: string): readonly string[]
  /** Its title; undefined where the plugin is not at hand. */
  title(action: string): string | undefined
  /** The sentence that officers will sign, for inputs that are all known. */
  says(plugin: string, action: string, inputs: unknown): Promise<string | undefined>
}

/** @throws ExpressionError if an expression over parameters cannot be evaluated */
export async function actsOf(runbook: Runbook, parameters: Readonly<Record<string, unknown>>, describing: Describing): Promise<Act[]> {
  const acts: { title: string; rows: Row[] }[] = []
  for (const { step, number, phase, keys } of placed(runbook, parameters, describing)) {
    if (acts.at(-1)?.title !== phase) acts.push({ title: phase, rows: [] })
    const turns = keys ?? [{ key: null, value: undefined }]
    for (const [index, { key, value }] of turns.entries()) {
      const known = { runbook, parameters, each: key === null || value === undefined ? undefined : { key, value } }
      acts.at(-1)!.rows.push(await rowOf(step, turns.length > 1 ? `${number}.${index + 1}` : String(number), key, known, describing))
    }
  }
  return acts
}

function placed(runbook: Runbook, parameters: Readonly<Record<string, unknown>>, describing: Describing) {
  const complete = Object.keys(runbook.parameters).every((name) => Object.hasOwn(parameters, name))
  const keysOf = (step: Step, static_: boolean): { key: string; value: unknown }[] | undefined => {
    if (!step.forEach) return undefined
    const had = describing.instances?.(step.id)
    if (had) return had.map((key) => ({ key, value: undefined }))
    const found = static_ ? instances(step, { parameters, steps: {} }) : []
    if (!static_ || found.length > MAX_INSTANCES) return [{ key: 'each', value: undefined }]
    return found.map(({ key, value }) => ({ key: key!, value }))
  }
  // Without all parameters nobody knows which instances there will be.
  const steps = complete
    ? plan(runbook, parameters)
    : runbook.steps.map((step, index) => ({ step, number: index + 1, phase: step.phase, instances: 'unknown' as const }))
  return steps.map(({ step, number, phase, instances: which }) => ({ step, number, phase, keys: keysOf(step, Array.isArray(which)) }))
}

async function rowOf(step: Step, number: string, key: string | null, known: Known, describing: Describing): Promise<Row> {
  const { does, signOff, title } = step
  const inputs = inputsOf(step, known)
  const seats = (['before', 'after'] as const).flatMap((when) => seatsOf(signOff[when]).map((role) => ({ when, role })))
  return {
    step,
    number,
    key,
    title,
    says: await saysOf(step, inputs, known, describing),
    inputs,
    expected: expectedOf(step, describing),
    seats,
    fields: does.kind === 'instruct' && does.record ? fieldsOf(does.record) : [],
  }
}

async function saysOf(step: Step, given: readonly Input[], known: Known, describing: Describing): Promise<string> {
  const { does } = step
  switch (does.kind) {
    case 'plugin': {
      const isKnown = given.every((input) => input.known)
      const says = isKnown ? await describing.says(does.plugin, does.action, resolvedInputs(does.with, known)) : undefined
      const action = `${does.plugin}/${does.action}`
      return says ?? `${describing.title(action) ?? action}.`
    }
    case 'instruct':
      return textOf(String(does.text.value), does.text.position, known)
    case 'assert':
      return 'The engine compares what was recorded.'
    case 'transfer':
      return `Hand the ceremony over to ${does.to}: carry the bundle there, and receive it.`
    case 'wait':
      return `Wait for ${durationOf(does.milliseconds)}.`
  }
}

function expectedOf({ does, until, when, notSameAs }: Step, describing: Describing): string[] {
  const outputs = does.kind === 'plugin' ? describing.outputs(`${does.plugin}/${does.action}`) : []
  return [
    ...(when ? [`Done only if ${when.source}.`] : []),
    ...(does.kind === 'assert' ? does.checks.map(({ message }) => `${message}.`) : []),
    ...(outputs.length > 0 ? [`Recorded: ${listed(outputs.map((name) => name.replaceAll('_', ' ')))}.`] : []),
    ...(until ? [`Repeated every ${durationOf(until.every)} until ${until.that.source}, for at most ${durationOf(until.within)}.`] : []),
    ...(does.kind === 'transfer' ? [`${does.to} shows its state.`] : []),
    ...(notSameAs.length > 0 ? [`Signed by others than those who signed ${notSameAs.join(', ')}.`] : []),
  ]
}

function seatsOf(quorum: Quorum): string[] {
  return Object.entries(quorum).flatMap(([role, count]) => Array.from({ length: count }, () => role))
}

function fieldsOf(record: Readonly<Record<string, unknown>>): Row['fields'] {
  const properties = Object.entries(record.properties as Record<string, { readonly description?: unknown; readonly 'for-each'?: unknown }>)
  return properties.map(([name, { description, 'for-each': over }]) => ({
    name: typeof description === 'string' ? description : name.replaceAll('-', ' '),
    perCard: over !== undefined,
  }))
}
