/** Outcomes and resolutions: each belongs to the open intent, and says what the runbook makes of it. */
import { Ajv2020 } from 'ajv/dist/2020.js'
import { holds } from '../../runbook/expression.ts'
import type { Scope, Step } from '../../runbook/model.ts'
import { recordSchema } from '../../runbook/record.ts'
import { canonicalize } from '../canonical.ts'
import type { Outcome, Resolution } from '../entry.ts'
import type { History } from '../history.ts'
import type { Checked, Report } from '../verify.ts'
import { type Course, nameOf } from './course.ts'
import { quorumSigned } from './signers.ts'

/** @throws ExpressionError */
export function outcomeRules(outcome: Outcome, checked: Checked, history: History, course: Course | undefined): void {
  const { report } = checked
  const failed = outcome.result === 'failed'
  if (failed !== (outcome.error !== null) || (failed && outcome.outputs !== null)) {
    report(
      'outcome/result',
      `${outcome.result}, ${outcome.error ? 'with' : 'without'} an error`,
      'an error and no outputs if it failed, no error if it is done',
    )
  }
  if (!belongs(outcome, checked, history) || !course || failed) return
  const found = history.open?.resolved === 'done'
  if (found !== outcome.reconciled)
    report(
      'outcome/reconciled',
      `reconciled is ${outcome.reconciled}`,
      found ? 'true: a resolution found it done' : 'false: no resolution found it done',
    )
  const step = course.find(outcome.step)
  const turn = course.next()
  if (!step || turn?.step !== step || turn.key !== outcome.instance) return
  quorumSigned(checked, history.opened?.officers ?? [], step.signOff.after, 'after')
  outputsOf(step, outcome, turn.scope, history, report)
  untilHolds(step, outcome, turn.scope, report)
}

/** The verdict of the officers is authorised as the step itself is. */
export function resolutionRules(resolution: Resolution, checked: Checked, history: History, course: Course | undefined): void {
  if (!belongs(resolution, checked, history) || resolution.how !== 'officers') return
  const step = course?.find(resolution.step)
  if (step) quorumSigned(checked, history.opened?.officers ?? [], step.signOff.before, 'before')
}

function belongs(entry: { step: string; instance: string | null; intent: number }, { report }: Checked, { open }: History): boolean {
  if (open && open.sequence === entry.intent && open.intent.step === entry.step && open.intent.instance === entry.instance) return true
  const expected = open ? `for the open intent ${open.sequence}, ${nameOf(open.intent.step, open.intent.instance)}` : 'no open intent'
  report('step/outcome', `for intent ${entry.intent}, ${nameOf(entry.step, entry.instance)}`, expected)
  return false
}

/** What a step without a plugin gives is known from the runbook; what a plugin gives, only a replay can tell. */
function outputsOf(step: Step, { outputs }: Outcome, scope: Scope, history: History, report: Report): void {
  const { does } = step
  if (does.kind === 'plugin') return
  if (does.kind === 'transfer' && history.station !== does.to)
    report('station/transfer', `the baton is at ${history.station}`, `at ${does.to}`)
  const schema = recordSchema(step, scope)
  if (schema) {
    const validate = new Ajv2020({ strict: false }).compile(schema)
    const [error] = validate(outputs) ? [] : (validate.errors ?? [])
    if (error) report('step/record', `${error.instancePath || '/'} ${error.message}`, 'what the runbook wants to be written down')
    return
  }
  const checks = does.kind === 'assert' ? does.checks : []
  for (const { that } of checks) if (!holds(that, scope)) report('step/assert', `not ${that.source}`, 'an assertion that holds')
  const expected = does.kind === 'assert' ? { checks: checks.map(({ that }) => ({ that: that.source, holds: true })) } : null
  if (canonicalize(outputs) !== canonicalize(expected)) report('step/outputs', canonicalize(outputs).slice(0, 500), canonicalize(expected))
}

/** Every attempt is judged again; the last one holds, and is what came out. */
function untilHolds({ until }: Step, { attempts, outputs, reconciled }: Outcome, scope: Scope, report: Report): void {
  if (!until || reconciled) {
    if (attempts) report('step/until', 'attempts', 'none: there is no `until`, or it was found done')
    return
  }
  for (const [index, attempt] of (attempts ?? []).entries()) {
    const right = holds(until.that, { ...scope, outputs: attempt.outputs })
    if (right !== attempt.holds) report('step/until', `attempt ${index + 1}: ${attempt.holds}`, `${right}: ${until.that.source}`)
  }
  const last = attempts?.at(-1)
  const early = attempts?.slice(0, -1).some((attempt) => attempt.holds)
  if (early || !last?.holds || canonicalize(last.outputs) !== canonicalize(outputs)) {
    report('step/until', `${attempts?.length ?? 0} attempts`, 'attempts until one holds, whose outputs are the step’s')
  }
}
