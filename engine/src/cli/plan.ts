/** `ceremony plan`: what a runbook will need before anyone comes together: people, signatures, stations, things, time. */
import { readParameters } from '../ceremony/parameters-file.ts'
import { readRunbook } from '../ceremony/runbook-file.ts'
import type { Runbook, Step } from '../runbook/model.ts'
import { bindParameters } from '../runbook/parameters.ts'
import { type PlannedStep, plan as planOf } from '../runbook/plan.ts'
import { splitTemplate } from '../runbook/template.ts'
import { duration } from '../terminal/layout.ts'

/**
 * @returns 0
 * @throws CeremonyError `runbook/invalid`, `parameters/…` (exit 2)
 */
export async function plan(file: string, { params, json = false }: { params?: string; json?: boolean }): Promise<number> {
  const runbook = readRunbook(file)
  const { parameters, findings } = bindParameters(runbook, readParameters(params))
  // Without all parameters the plan is less exact, and says so.
  const missing = findings.filter(({ severity }) => severity === 'error').map(({ message }) => message)
  const steps = missing.length === 0 ? planOf(runbook, parameters) : planOf(withoutForEach(runbook), parameters)
  const needs = needsOf(runbook, steps, parameters)
  process.stdout.write(
    json
      ? `${JSON.stringify({ ...needs, missing, steps: steps.map(plannedStep) }, null, 2)}\n`
      : `${describe(runbook, steps, needs, missing).join('\n')}\n`,
  )
  return 0
}

/** Which instances a step has may hang on what is not given. */
function withoutForEach(runbook: Runbook): Runbook {
  const steps = runbook.steps.map(({ forEach, ...step }) => step)
  return { ...runbook, steps }
}

interface Needs {
  readonly people: Readonly<Record<string, { readonly at_least: number; readonly signatures: number }>>
  readonly stations: readonly {
    readonly station: string
    readonly network: string
    readonly stays: number
    readonly steps: number
    /** What people should allow for its steps, in milliseconds. */
    readonly takes: number
    /** Steps that need people, of which the runbook does not say how long they take. */
    readonly untimed: number
  }[]
  readonly transfers: readonly string[]
  /** Blank cards that are written, by what they become; null where only the run will tell. */
  readonly cards: Readonly<Record<string, number | null>>
  /** What is written down: one for each, such as the numbers of bags. */
  readonly records: readonly string[]
  /** The longest that steps wait for something, in milliseconds, beside what people take. */
  readonly longest_wait: number
}

function needsOf(runbook: Runbook, steps: readonly PlannedStep[], parameters: Readonly<Record<string, unknown>>): Needs {
  const count = ({ instances }: PlannedStep): number => (Array.isArray(instances) ? instances.length : 1)
  const signatures = (role: string): number =>
    steps.reduce((sum, planned) => {
      const { before, after } = planned.step.signOff
      return sum + count(planned) * ((before[role] ?? 0) + (after[role] ?? 0))
    }, 0)
  const stays = (station: string): number =>
    steps.filter((planned, index) => planned.station === station && steps[index - 1]?.station !== station).length
  return {
    people: Object.fromEntries(
      Object.entries(runbook.roles).map(([role, { atLeast }]) => [role, { at_least: atLeast, signatures: signatures(role) + 2 * atLeast }]),
    ),
    stations: Object.entries(runbook.stations).map(([station, { network }]) => {
      const here = steps.filter((planned) => planned.station === station)
      return {
        station,
        network,
        stays: stays(station),
        steps: here.length,
        takes: here.reduce((sum, planned) => sum + count(planned) * (planned.step.takes ?? 0), 0),
        untimed: here.filter(({ step }) => step.takes === undefined && needsPeople(step)).length,
      }
    }),
    transfers: steps.flatMap(({ step }) => (step.does.kind === 'transfer' ? [step.does.to] : [])),
    cards: cardsOf(steps, parameters),
    records: steps.flatMap(({ step }) => recordsOf(step)),
    longest_wait: steps.reduce((sum, planned) => sum + count(planned) * waitOf(planned.step), 0),
  }
}

const needsPeople = ({ does, signOff }: Step): boolean =>
  does.kind === 'instruct' || does.kind === 'transfer' || Object.keys({ ...signOff.before, ...signOff.after }).length > 0

const waitOf = ({ does, until }: Step): number => (does.kind === 'wait' ? does.milliseconds : (until?.within ?? 0))

/** A step that is given a quorum such as 2/3 writes so many cards. */
function cardsOf(steps: readonly PlannedStep[], parameters: Readonly<Record<string, unknown>>): Record<string, number | null> {
  const cards: Record<string, number | null> = {}
  for (const { step } of steps) {
    if (step.does.kind !== 'plugin' || !/cards|world/.test(step.does.action)) continue
    for (const [name, value] of Object.entries(step.does.with.value as Record<string, unknown>)) {
      if (!/quorum$/.test(name)) continue
      const total = /^\d+\/(\d+)$/.exec(String(givenBy(value, parameters) ?? ''))?.[1]
      cards[step.id] = total === undefined ? null : Number(total)
    }
  }
  return cards
}

/** @returns the value of a text that is one parameter, or plain */
function givenBy(value: unknown, parameters: Readonly<Record<string, unknown>>): unknown {
  if (typeof value !== 'string') return value
  const [part, ...more] = splitTemplate(value)
  if (more.length > 0 || part === undefined) return undefined
  if (!('expression' in part)) return value
  const [, dotted, quoted] = /^\s*parameters(?:\.([A-Za-z0-9_]+)|\["([^"]+)"\])\s*$/.exec(part.expression) ?? []
  return parameters[dotted ?? quoted ?? '']
}

function recordsOf({ id, does }: Step): string[] {
  if (does.kind !== 'instruct') return []
  const properties = (does.record?.properties ?? {}) as Record<string, { 'for-each'?: string }>
  return Object.entries(properties).map(([name, about]) => `${id}: ${name}${about['for-each'] === undefined ? '' : ' (one for each)'}`)
}

function plannedStep({ number, phase, station, instances, step }: PlannedStep) {
  const { id, title, signOff, does, takes = null } = step
  const action = does.kind === 'plugin' ? `${does.plugin}/${does.action}` : does.kind
  return { number, id, title, phase, station, action, instances, takes, sign_off: signOff }
}

function describe(runbook: Runbook, steps: readonly PlannedStep[], needs: Needs, missing: readonly string[]): string[] {
  const lines = [runbook.title, '']
  if (missing.length > 0)
    lines.push('Not all parameters are given (--params FILE), so the plan is not exact:', ...missing.map((text) => `  ${text}`), '')
  lines.push('People')
  for (const [role, { at_least, signatures }] of Object.entries(needs.people)) {
    const title = runbook.roles[role]?.title
    lines.push(`  ${String(at_least).padStart(2)} × ${role}${title ? `, ${title}` : ''}; about ${signatures} signatures in all`)
  }
  lines.push('', 'Stations')
  for (const { station, network, stays, steps: many } of needs.stations)
    lines.push(`  ${station}: network ${network}, ${many} steps, ${stays} ${stays === 1 ? 'stay' : 'stays'}`)
  lines.push(
    `  ${needs.transfers.length} transfers${needs.transfers.length > 0 ? `: ${needs.transfers.map((to) => `to ${to}`).join(', ')}` : ''}`,
  )
  const cards = Object.entries(needs.cards)
  if (cards.length > 0) {
    lines.push('', 'Blank cards')
    for (const [step, total] of cards) lines.push(`  ${total ?? 'so many as the parameter says'} for ${step}`)
    lines.push('  and one spare of each kind, for a card that fails')
  }
  if (needs.records.length > 0) lines.push('', 'Written down', ...needs.records.map((record) => `  ${record}`))
  lines.push('', 'Time', ...timeOf(needs))
  lines.push('', 'Steps')
  let phase = ''
  for (const planned of steps) {
    if (planned.phase !== phase) lines.push(`  ${planned.phase}`)
    phase = planned.phase
    const { step, number, station, instances } = planned
    const each = Array.isArray(instances) ? ` [${instances.join(', ')}]` : instances === 'unknown' ? ' [for each]' : ''
    const takes = step.takes === undefined ? '' : `; ${duration(step.takes)}${instances === null ? '' : ' each'}`
    lines.push(`  ${String(number).padStart(4)}  ${step.title}${each}`, `        ${station}; ${step.id}${takes}${signersOf(step)}`)
  }
  return lines
}

function timeOf({ stations, longest_wait: wait }: Needs): string[] {
  const lines = stations.map(({ station, takes, untimed }) => {
    const silent = untimed > 0 ? `the runbook does not say for ${untimed} ${untimed === 1 ? 'step' : 'steps'} of people` : ''
    return `  ${station}: ${[takes > 0 ? `about ${duration(takes)}` : '', silent].filter(Boolean).join('; ') || 'no time of people'}`
  })
  return wait > 0 ? [...lines, `  and waiting for the cloud: at most ${duration(wait)}`] : lines
}

function signersOf({ signOff }: Step): string {
  const quorum = (which: 'before' | 'after'): string =>
    Object.entries(signOff[which])
      .map(([role, count]) => `${count} × ${role}`)
      .join(', ')
  const before = quorum('before')
  const after = quorum('after')
  return `${before ? `; before: ${before}` : ''}${after ? `; after: ${after}` : ''}`
}
