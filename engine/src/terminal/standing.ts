/** Where a ceremony stands, in words: what is done, what is under way, what comes, who must act next. */
import type { Room } from '../ceremony/people.ts'
import { ExpressionError } from '../runbook/expression.ts'
import { instances } from '../runbook/instances.ts'
import type { Quorum, Runbook, Step } from '../runbook/model.ts'
import type { History } from '../transcript/history.ts'
import { duration, wrap } from './layout.ts'

/** How far a step has come. */
export type StepState = 'done' | 'now' | 'to come'

export interface StepStanding {
  readonly step: Step
  readonly state: StepState
  /** The instances of the for-each step that is on, with how far each has come; none for any other step. */
  readonly instances: readonly { readonly key: string; readonly state: StepState }[]
}

/** @returns each step, with how far it has come */
export function standingOf(runbook: Runbook, history: History): StepStanding[] {
  let current = false
  return runbook.steps.map((step): StepStanding => {
    if (current) return { step, state: 'to come', instances: [] }
    const turns = turnsOf(step, runbook, history)
    const at = turns?.findIndex((key) => !history.isFinished(step.id, key)) ?? 0
    if (at < 0) return { step, state: 'done', instances: [] }
    current = true
    const each = turns?.flatMap((key, index) => {
      const state: StepState = history.isFinished(step.id, key) ? 'done' : index === at ? 'now' : 'to come'
      return key === null ? [] : [{ key, state }]
    })
    return { step, state: 'now', instances: each ?? [] }
  })
}

/** @returns the keys of the step's instances; undefined while it is not known what it is done for each of */
function turnsOf(step: Step, runbook: Runbook, history: History): (string | null)[] | undefined {
  try {
    return instances(step, history.scope(runbook)).map(({ key }) => key)
  } catch (error) {
    if (error instanceof ExpressionError) return undefined
    throw error
  }
}

/**
 * @param standing of its steps, where it is known already
 * @returns who has to do what next, in one sentence
 */
export function nextOf(runbook: Runbook, history: History, standing = standingOf(runbook, history)): string {
  if (history.closed) return 'Nobody: the ceremony is closed.'
  if (!history.opened) return 'Everyone: the ceremony is not opened yet; everyone who takes part signs the opening.'
  if (history.handedOverTo !== undefined) return `The people at ${history.handedOverTo}: the ceremony was handed over to it.`
  const now = standing.find(({ state }) => state === 'now')
  if (!now) return 'Everyone who takes part: sign the closing.'
  const { id, title, signOff, station } = now.step
  const instance = now.instances.find(({ state }) => state === 'now')
  const before = peopleOf(signOff.before)
  const after = peopleOf(signOff.after)
  const who = [...(history.open ? [] : before ? [`${before} authorise it`] : []), ...(after ? [`${after} sign what came of it`] : [])]
  return `At ${station}: \`${id}${instance ? `[${instance.key}]` : ''}\`, ${title}${history.open ? ' (begun, not ended)' : ''}. ${who.length > 0 ? `${who.join(', then ')}.` : 'Nobody has to sign.'}`
}

function peopleOf(quorum: Quorum): string {
  return Object.entries(quorum)
    .map(([role, count]) => `${count} × ${role}`)
    .join(' and ')
}

/** @returns what the runbook says that people should allow for what is not done, in milliseconds; the cloud's time comes on top */
function timeLeft(standing: readonly StepStanding[], runbook: Runbook, history: History): number {
  const turns = (step: Step): number => turnsOf(step, runbook, history)?.filter((key) => !history.isFinished(step.id, key)).length ?? 1
  return standing.reduce((sum, { step, state }) => sum + (state === 'done' ? 0 : turns(step) * (step.takes ?? 0)), 0)
}

/** @returns phases and steps for a screen of that width: phases that are done or to come in one line each */
export function linesOfStanding({ runbook, history }: Pick<Room, 'runbook' | 'history'>, width: number): string[] {
  const standing = standingOf(runbook, history)
  const lines: string[] = ['']
  for (const [phase, steps] of Map.groupBy(standing, ({ step }) => step.phase)) {
    const done = steps.filter(({ state }) => state === 'done').length
    const name = phase === '' ? runbook.title : phase
    const isNow = !history.closed && steps.some(({ state }) => state === 'now')
    lines.push(`  ${done === steps.length ? 'done   ' : isNow ? 'NOW    ' : 'to come'}  ${name} (${done} of ${steps.length})`)
    if (!isNow) continue
    for (const { step, state, instances } of steps) {
      const each = instances.length === 0 ? '' : `: ${instances.map(({ key, state }) => `${key} ${state}`).join(', ')}`
      lines.push(...wrap(`${state.padEnd(7)}  ${step.title}${each}`, width, '           '))
    }
  }
  const count = standing.filter(({ state }) => state === 'done').length
  const notes = history.deviations === 0 ? '' : `, ${history.deviations} note${history.deviations === 1 ? '' : 's'}`
  const left = history.closed || !history.opened ? 0 : timeLeft(standing, runbook, history)
  const time = left > 0 ? ` By the runbook people need about ${duration(left)} more.` : ''
  lines.push(
    '',
    ...wrap(`${count} of ${standing.length} steps done, ${history.entries} entries${notes}.${time}`, width, '  '),
    ...wrap(`Next: ${nextOf(runbook, history, standing)}`, width, '  '),
  )
  return lines
}
