/** What the entries must be to each other and to the plan. Named as in `ceremony verify`, which also evaluates the runbook's expressions. */
import type { Closed, Intent, Outcome, Resolution, Skipped } from '../../transcript/entry.ts'
import type { PlannedStep } from './about.ts'
import { canonicalize } from './canonical.ts'
import { everyoneSigned, officersWho, presenceQuorum, quorumSigned } from './signers.ts'
import { instanceName, listed } from './text.ts'
import type { Report, Turn } from './turn.ts'

/** Who wrote and signed the entry, and whether it is what the plan wants next. */
export function entryRules(turn: Turn): void {
  const { entry, course, report } = turn
  stationRules(turn)
  if (entry.kind === 'opened') everyoneSigned(turn)
  else if (entry.kind === 'closed') {
    closed(entry, turn)
    if (entry.result === 'aborted' && course) quorumSigned(turn, presenceQuorum(course.plan), 'after')
    else everyoneSigned(turn)
  } else if (entry.kind === 'arrived') {
    if (entry.waiver) everyoneSigned(turn)
    else if (course?.plan.stations[entry.station]?.network === 'none') offline(entry.evidence, entry.station, report)
  } else if (entry.kind === 'deviation') {
    if (!officersWho(turn).some(({ name }) => name === entry.officer))
      report('signer/officer', `no signature of ${entry.officer}`, 'the signature of the officer who notes the deviation')
  } else if (entry.kind === 'skipped') skipped(entry, turn)
  else if (entry.kind === 'intent') intent(entry, turn)
  else if (entry.kind === 'outcome') outcome(entry, turn)
  else if (entry.kind === 'resolution') resolution(entry, turn)
}

/** Only the station that holds the baton writes, only after it has shown its state, and only a transfer moves the baton. */
function stationRules({ entry, standing, report }: Turn): void {
  if (entry.kind === 'opened') return
  const { station, handedOverTo, arrived, open } = standing
  const holder = entry.kind === 'received' ? handedOverTo : handedOverTo === undefined ? station : undefined
  if (entry.station !== holder)
    report('station/baton', `written by ${entry.station}`, `the station that holds the baton: ${holder ?? 'none'}`)
  if (['intent', 'outcome', 'skipped', 'resolution', 'closed'].includes(entry.kind) && !arrived)
    report('station/arrived', `${entry.kind} before ${entry.station} has shown its state`, '`arrived` first')
  if (entry.kind === 'received' && entry.from !== station) report('station/received', `from ${entry.from}`, `from ${station}`)
  if (entry.kind !== 'handed-over') return
  const asked = open?.intent.action === 'transfer' ? (open.intent.inputs as { to?: unknown } | null)?.to : undefined
  if (asked !== entry.to) report('station/hand-over', `to ${entry.to}`, 'an open `transfer` step to that station')
}

function offline({ network, default_route }: Readonly<Record<string, unknown>>, station: string, report: Report): void {
  if (Array.isArray(network) && network.length === 0 && default_route === false) return
  report(
    'station/network',
    canonicalize({ network: network ?? null, default_route: default_route ?? null }).slice(0, 500),
    `evidence that ${station} has no network, or a waiver`,
  )
}

/** @returns the planned step, if the entry is about the instance whose turn it is */
function turnOf(entry: { step: string; instance: string | null; station: string }, { report, course }: Turn): PlannedStep | undefined {
  if (!course) return undefined
  const instead = course.turn(entry.step, entry.instance)
  if (instead !== undefined) {
    report('step/order', instanceName(entry.step, entry.instance), instead)
    return undefined
  }
  const step = course.find(entry.step)
  if (step && step.station !== entry.station) report('step/station', `at ${entry.station}`, `at ${step.station}`)
  return step
}

function skipped(entry: Skipped & { station: string }, turn: Turn): void {
  const step = turnOf(entry, turn)
  if (step && step.when !== entry.when) turn.report('step/when', entry.when, step.when ?? 'a step without `when` to be done')
}

function intent(entry: Intent & { station: string }, turn: Turn): void {
  const { standing, report } = turn
  if (standing.open) {
    report('step/intent', 'an intent while another has no outcome', 'one intent at a time')
    return
  }
  const step = turnOf(entry, turn)
  if (!step) return
  const attempt = standing.attempts(entry.step, entry.instance) + 1
  if (entry.attempt !== attempt) report('step/attempt', `${entry.attempt}`, `${attempt}`)
  if (entry.action !== step.action) report('step/action', entry.action, step.action)
  quorumSigned(turn, step.signOff.before, 'before')
  for (const other of step.notSameAs) {
    const same = officersWho(turn).filter(({ name }) => standing.authorisers(other).has(name))
    if (same.length > 0) report('signer/not-same-as', listed(same.map(({ name }) => name)), `others than those who signed \`${other}\``)
  }
}

function outcome(entry: Outcome, turn: Turn): void {
  const { standing, report, course } = turn
  const failed = entry.result === 'failed'
  if (failed !== (entry.error !== null) || (failed && entry.outputs !== null))
    report(
      'outcome/result',
      `${entry.result}, ${entry.error ? 'with' : 'without'} an error`,
      'an error and no outputs if it failed, no error if it is done',
    )
  if (!belongs(entry, turn) || failed) return
  if ((standing.open?.resolved === 'done') !== entry.reconciled)
    report('outcome/reconciled', `reconciled is ${entry.reconciled}`, 'the word of a resolution before it')
  const step = course?.find(entry.step)
  if (!step) return
  quorumSigned(turn, step.signOff.after, 'after')
  if (step.to !== null && standing.station !== step.to) report('station/transfer', `the baton is at ${standing.station}`, `at ${step.to}`)
  if (step.action === 'assert') {
    const expected = canonicalize({ checks: step.checks.map(({ that }) => ({ holds: true, that })) })
    if (canonicalize(entry.outputs) !== expected) report('step/outputs', canonicalize(entry.outputs).slice(0, 500), expected)
  }
  const last = entry.attempts?.at(-1)
  const early = entry.attempts?.slice(0, -1).some(({ holds }) => holds) ?? false
  if (!step.until || entry.reconciled) {
    if (entry.attempts) report('step/until', 'attempts', 'none: there is no `until`, or it was found done')
  } else if (early || !last?.holds || canonicalize(last.outputs) !== canonicalize(entry.outputs))
    report('step/until', `${entry.attempts?.length ?? 0} attempts`, 'attempts until one holds, whose outputs are the step’s')
}

function resolution(entry: Resolution, turn: Turn): void {
  if (!belongs(entry, turn) || entry.how !== 'officers') return
  const step = turn.course?.find(entry.step)
  if (!step) return
  const { before } = step.signOff
  quorumSigned(turn, Object.keys(before).length > 0 ? before : presenceQuorum(turn.course!.plan), 'before')
}

function belongs(entry: { step: string; instance: string | null; intent: number }, { standing: { open }, report }: Turn): boolean {
  if (open && open.sequence === entry.intent && open.intent.step === entry.step && open.intent.instance === entry.instance) return true
  const expected = open ? `for the open intent ${open.sequence}, ${instanceName(open.intent.step, open.intent.instance)}` : 'no open intent'
  report('step/outcome', `for intent ${entry.intent}, ${instanceName(entry.step, entry.instance)}`, expected)
  return false
}

function closed(entry: Closed, { standing, report, course }: Turn): void {
  const { open, entries, stepsDone, deviations } = standing
  if (open) report('closed/open', `${instanceName(open.intent.step, open.intent.instance)} has no outcome`, 'an outcome for every intent')
  const found = canonicalize({ deviations: entry.deviations, entries: entry.entries, steps_done: entry.steps_done })
  const expected = canonicalize({ deviations, entries, steps_done: stepsDone })
  if (found !== expected) report('closed/counts', found, expected)
  const left = entry.result === 'complete' ? course?.left() : undefined
  if (left !== undefined) report('closed/complete', `${left} was not done`, 'every step to be done or skipped')
}
