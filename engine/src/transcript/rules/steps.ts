/**
 * Steps: they come in the runbook's order, with the inputs that its expressions give, authorised and witnessed by the
 * quorums that it demands, each intent with one outcome.
 */
import { holds, resolve } from '../../runbook/expression.ts'
import type { Scope, Step } from '../../runbook/model.ts'
import { presenceQuorum } from '../../runbook/word.ts'
import { canonicalize } from '../canonical.ts'
import { type Closed, type Intent, instanceName, type Skipped } from '../entry.ts'
import type { History } from '../history.ts'
import { sameData } from '../same-data.ts'
import type { Course, Turn } from './course.ts'
import { outcomeRules } from './outcome.ts'
import type { Packages } from './plugins.ts'
import { type Checked, shown } from './report.ts'
import { resolutionRules } from './resolution.ts'
import { everyoneSigned, othersSigned, quorumSigned, speakerSigned } from './signers.ts'

/** What steps are judged by. */
export interface Script {
  readonly history: History
  /** Undefined where there is no usable runbook. */
  readonly course: Course | undefined
  readonly packages: Packages
}

/** @throws ExpressionError when an expression of the runbook cannot be evaluated over what the entries say */
export function stepRules(checked: Checked, script: Script): void {
  const { entry } = checked
  const { history, course } = script
  const officers = history.opened?.officers ?? []
  switch (entry.kind) {
    case 'opened':
      everyoneSigned(checked, entry.officers)
      break
    case 'closed':
      closed(entry, checked, history, course)
      if (entry.result === 'aborted' && course) quorumSigned(checked, officers, presenceQuorum(course.runbook), 'after')
      else everyoneSigned(checked, officers)
      break
    case 'arrived':
      if (entry.waiver) everyoneSigned(checked, officers)
      break
    case 'deviation':
      speakerSigned(checked, officers, entry.officer)
      break
    case 'skipped':
      if (course) skipped(entry, checked, course)
      break
    case 'intent':
      intent(entry, checked, script)
      break
    case 'outcome':
      outcomeRules(entry, checked, script)
      break
    case 'resolution':
      resolutionRules(entry, checked, script)
  }
}

/** @returns the turn, if the entry is about the instance whose turn it is */
function turnOf(entry: { step: string; instance: string | null; station: string }, { report }: Checked, course: Course): Turn | undefined {
  const next = course.next()
  if (!next || next.step.id !== entry.step || next.key !== entry.instance) {
    report('step/order', instanceName(entry.step, entry.instance), next ? instanceName(next.step.id, next.key) : 'no further step')
    return undefined
  }
  if (next.step.station !== entry.station) report('step/station', `at ${entry.station}`, `at ${next.step.station}`)
  return next
}

function skipped(entry: Skipped & { station: string }, checked: Checked, course: Course): void {
  const turn = turnOf(entry, checked, course)
  if (!turn) return
  const { when } = turn.step
  if (!when) checked.report('step/when', `${entry.step} was skipped`, 'a step without `when` to be done')
  else if (entry.when !== when.source) checked.report('step/when', entry.when, when.source)
  else if (holds(when, turn.scope)) checked.report('step/when', `${entry.step} was skipped`, `done, because ${when.source}`)
}

function intent(entry: Intent & { station: string }, checked: Checked, { history, course, packages }: Script): void {
  if (history.open) {
    checked.report('step/intent', 'an intent while another has no outcome', 'one intent at a time')
    return
  }
  const turn = course && turnOf(entry, checked, course)
  if (!turn) return
  const { step, scope, key } = turn
  const attempt = history.attempts(step.id, key).attempts + 1
  if (entry.attempt !== attempt) checked.report('step/attempt', `${entry.attempt}`, `${attempt}`)
  if (step.when && !holds(step.when, scope)) checked.report('step/when', `${step.id} was run`, `skipped, because not ${step.when.source}`)
  const { action, inputs } = declared(step, scope)
  if (entry.action !== action) checked.report('step/action', entry.action, action)
  if (!sameData(entry.inputs, inputs)) checked.report('step/inputs', shown(canonicalize(entry.inputs)), shown(canonicalize(inputs)))
  if (step.does.kind === 'plugin') packages.checkInput(step.does, entry.inputs, checked.report)
  quorumSigned(checked, history.opened?.officers ?? [], step.signOff.before, 'before')
  othersSigned(checked, history, step)
}

/** What the runbook says that the intent must say. */
function declared(step: Step, scope: Scope): { action: string; inputs: unknown } {
  const { does } = step
  switch (does.kind) {
    case 'plugin':
      return { action: `${does.plugin}/${does.action}`, inputs: resolve(does.with, scope) }
    case 'instruct':
      return { action: 'instruct', inputs: { text: String(resolve(does.text, scope)) } }
    case 'transfer':
      return { action: 'transfer', inputs: { to: does.to } }
    case 'wait':
      return { action: 'wait', inputs: { milliseconds: does.milliseconds } }
    case 'assert':
      return { action: 'assert', inputs: null }
  }
}

function closed(entry: Closed, { report }: Checked, history: History, course: Course | undefined): void {
  const { entries, stepsDone, deviations, open } = history
  if (open) report('closed/open', `${instanceName(open.intent.step, open.intent.instance)} has no outcome`, 'an outcome for every intent')
  const found = canonicalize({ entries: entry.entries, steps_done: entry.steps_done, deviations: entry.deviations })
  const expected = canonicalize({ entries, steps_done: stepsDone, deviations })
  if (found !== expected) report('closed/counts', found, expected)
  if (!course) return
  const next = course.next()
  if (next && entry.result === 'complete')
    report('closed/complete', `${instanceName(next.step.id, next.key)} was not done`, 'every step to be done or skipped')
  if (!next && entry.result === 'aborted') report('closed/complete', 'aborted', 'complete, because every step was done or skipped')
}
