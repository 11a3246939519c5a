/** Outcomes: each belongs to the open intent, and says what the runbook and the plugin make of it. */
import { holds } from '../../runbook/expression.ts'
import type { Scope, Step } from '../../runbook/model.ts'
import { recordSchema } from '../../runbook/record.ts'
import { canonicalize } from '../canonical.ts'
import { instanceName, type Outcome } from '../entry.ts'
import type { History } from '../history.ts'
import { sameData } from '../same-data.ts'
import { type Checked, type Report, shown } from './report.ts'
import { differenceFrom } from './schemas.ts'
import { quorumSigned } from './signers.ts'
import type { Script } from './steps.ts'

type Timed<T> = T & { readonly time: string }

/** @throws ExpressionError */
export function outcomeRules(outcome: Timed<Outcome>, checked: Checked, script: Script): void {
  const { history, course, packages } = script
  const { report } = checked
  resultRules(outcome, report)
  if (!belongs(outcome, checked, history) || !course) return
  const step = course.find(outcome.step)
  const usesPlugin = step?.does.kind === 'plugin'
  if (step && !usesPlugin && outcome.exchanges) report('step/exchanges', 'a recording', `none: ${step.id} uses no plugin`)
  if (outcome.result === 'failed') return
  if (usesPlugin && !outcome.exchanges && !outcome.reconciled) report('step/exchanges', 'no recording', 'that of what the plugin did')
  reconciledRules(outcome, history, report)
  const turn = course.next()
  if (!step || turn?.step !== step || turn.key !== outcome.instance) return
  quorumSigned(checked, history.opened?.officers ?? [], step.signOff.after, 'after')
  if (step.does.kind === 'plugin') {
    packages.checkOutput(step.does, outcome, report)
    settledRules(outcome, history, report)
  }
  outputsOf(step, outcome, turn.scope, script, report)
  untilHolds(step, outcome, turn.scope, report)
}

/** @returns whether an outcome or a resolution is for the open intent */
export function belongs(entry: { step: string; instance: string | null; intent: number }, { report }: Checked, { open }: History): boolean {
  if (open && open.sequence === entry.intent && open.intent.step === entry.step && open.intent.instance === entry.instance) return true
  const expected = open ? `for the open intent ${open.sequence}, ${instanceName(open.intent.step, open.intent.instance)}` : 'no open intent'
  report('step/outcome', `for intent ${entry.intent}, ${instanceName(entry.step, entry.instance)}`, expected)
  return false
}

function resultRules({ result, error, outputs, attempts, reconciled }: Outcome, report: Report): void {
  const failed = result === 'failed'
  if (failed === (error !== null) && !(failed && (outputs !== null || attempts !== null || reconciled))) return
  report(
    'outcome/result',
    `${result}, ${error ? 'with' : 'without'} an error${failed && error ? ' and with what only a success has' : ''}`,
    'an error and nothing else if it failed, no error if it is done',
  )
}

function reconciledRules(outcome: Outcome, history: History, report: Report): void {
  const found = history.open?.resolved === 'done'
  if (found === outcome.reconciled) return
  report(
    'outcome/reconciled',
    `reconciled is ${outcome.reconciled}`,
    found ? 'true: a resolution found it done' : 'false: no resolution found it done',
  )
}

/** Where the last failure could not tell what it had changed, the world was asked before the step was done again. */
function settledRules({ step, instance }: Outcome, history: History, report: Report): void {
  const { lastFailure } = history.attempts(step, instance)
  if (!lastFailure || lastFailure.error?.changed === 'nothing' || history.open?.resolved) return
  report(
    'resolution/missing',
    `done after a failure with ${lastFailure.error?.code}`,
    'a resolution first: that failure may have changed something',
  )
}

/** What a step without a plugin gives is known from the runbook; what a plugin gives, only a replay can tell. */
function outputsOf(step: Step, { outputs }: Outcome, scope: Scope, { history }: Script, report: Report): void {
  const { does } = step
  if (does.kind === 'plugin') return
  if (does.kind === 'transfer' && history.station !== does.to)
    report('station/transfer', `the baton is at ${history.station}`, `at ${does.to}`)
  const schema = recordSchema(step, scope)
  if (schema) {
    const difference = differenceFrom(schema, outputs)
    if (difference !== undefined) report('step/record', shown(difference), 'what the runbook wants to be written down')
    return
  }
  const checks = does.kind === 'assert' ? does.checks : []
  for (const { that } of checks) if (!holds(that, scope)) report('step/assert', `not ${that.source}`, 'an assertion that holds')
  const expected = does.kind === 'assert' ? { checks: checks.map(({ that }) => ({ that: that.source, holds: true })) } : null
  if (!sameData(outputs, expected)) report('step/outputs', shown(canonicalize(outputs)), canonicalize(expected))
}

/** Every attempt is judged again; the last one holds, and is what came out. */
function untilHolds({ until }: Step, { attempts, outputs, reconciled, time }: Timed<Outcome>, scope: Scope, report: Report): void {
  if (!until || reconciled) {
    if (attempts) report('step/until', 'attempts', 'none: there is no `until`, or it was found done')
    return
  }
  let before = ''
  for (const [index, attempt] of (attempts ?? []).entries()) {
    const right = holds(until.that, { ...scope, outputs: attempt.outputs })
    if (right !== attempt.holds) report('step/until', `attempt ${index + 1}: ${attempt.holds}`, `${right}: ${until.that.source}`)
    if (attempt.time < before || attempt.time > time)
      report('step/until', `attempt ${index + 1} at ${attempt.time}`, `between ${before || 'the intent'} and ${time}`)
    before = attempt.time
  }
  const last = attempts?.at(-1)
  const early = attempts?.slice(0, -1).some((attempt) => attempt.holds)
  if (early || !last?.holds || !sameData(last.outputs, outputs)) {
    report('step/until', `${attempts?.length ?? 0} attempts`, 'attempts until one holds, whose outputs are the step’s')
  }
}
