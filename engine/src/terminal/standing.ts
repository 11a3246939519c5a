/** Where a ceremony stands, in words: what is done, what is under way, what comes, who must act next. */
import type { Room } from '../ceremony/people.ts'
import { ExpressionError } from '../runbook/expression.ts'
import { instances } from '../runbook/instances.ts'
import type { Quorum, Runbook, Step } from '../runbook/model.ts'
import type { History } from '../transcript/history.ts'
import { wrap } from './layout.ts'

/** How far a step has come. */
export type StepState = 'done' | 'now' | 'to come'

/** @returns each step, all its instances together, with how far it has come */
export function standingOf(runbook: Runbook, history: History): { readonly step: Step; readonly state: StepState }[] {
  let current = false
  return runbook.steps.map((step) => {
    if (current) return { step, state: 'to come' }
    if (isOver(step, runbook, history)) return { step, state: 'done' }
    current = true
    return { step, state: 'now' }
  })
}

function isOver(step: Step, runbook: Runbook, history: History): boolean {
  try {
    return instances(step, history.scope(runbook)).every(({ key }) => history.isFinished(step.id, key))
  } catch (error) {
    // What it is done for each of is not known yet.
    if (error instanceof ExpressionError) return false
    throw error
  }
}

/** @returns who has to do what next, in one sentence */
export function nextOf(runbook: Runbook, history: History): string {
  if (history.closed) return 'Nobody: the ceremony is closed.'
  if (!history.opened) return 'Everyone: the ceremony is not opened yet; everyone who takes part signs the opening.'
  if (history.handedOverTo !== undefined) return `The people at ${history.handedOverTo}: the ceremony was handed over to it.`
  const now = standingOf(runbook, history).find(({ state }) => state === 'now')
  if (!now) return 'Everyone who takes part: sign the closing.'
  const { id, title, signOff, station } = now.step
  const before = peopleOf(signOff.before)
  const after = peopleOf(signOff.after)
  const who = [...(history.open ? [] : before ? [`${before} authorise it`] : []), ...(after ? [`${after} sign what came of it`] : [])]
  return `At ${station}: \`${id}\`, ${title}${history.open ? ' (begun, not ended)' : ''}. ${who.length > 0 ? `${who.join(', then ')}.` : 'Nobody has to sign.'}`
}

function peopleOf(quorum: Quorum): string {
  return Object.entries(quorum)
    .map(([role, count]) => `${count} × ${role}`)
    .join(' and ')
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
    for (const { step, state } of steps) lines.push(...wrap(`${state.padEnd(7)}  ${step.title}`, width, '           '))
  }
  const count = standing.filter(({ state }) => state === 'done').length
  const notes = history.deviations === 0 ? '' : `, ${history.deviations} note${history.deviations === 1 ? '' : 's'}`
  lines.push(
    '',
    `  ${count} of ${standing.length} steps done, ${history.entries} entries${notes}.`,
    ...wrap(`Next: ${nextOf(runbook, history)}`, width, '  '),
  )
  return lines
}
