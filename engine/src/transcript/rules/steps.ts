/**
 * Steps: they come in the runbook's order, with the inputs that its expressions give, authorised and witnessed by the
 * quorums that it demands, each intent with one outcome.
 */
import { readFileSync } from 'node:fs'
import { choose } from '../../officer/quorum.ts'
import { evaluate, holds, resolve } from '../../runbook/expression.ts'
import { instances } from '../../runbook/instances.ts'
import type { Quorum, Runbook, Scope, Step } from '../../runbook/model.ts'
import { parseRunbook } from '../../runbook/parse.ts'
import { canonicalize } from '../canonical.ts'
import type { Closed, Intent, Opened, Outcome, Skipped } from '../entry.ts'
import type { History } from '../history.ts'
import { artifactPath } from '../store.ts'
import type { Checked } from '../verify.ts'

interface Expected {
  readonly step: Step
  readonly key: string | null
  readonly scope: Scope
}

export class StepRules {
  readonly #history: History
  readonly #dir: string
  #runbook: Runbook | undefined

  constructor(history: History, dir: string) {
    this.#history = history
    this.#dir = dir
  }

  check(checked: Checked): void {
    const { entry } = checked
    switch (entry.kind) {
      case 'opened':
        this.#opened(entry, checked)
        return this.#everyone(checked, entry)
      case 'closed':
        this.#closed(entry, checked)
        return this.#everyone(checked)
      case 'arrived':
        return entry.waiver ? this.#everyone(checked) : undefined
      case 'skipped':
        return this.#skipped(entry, checked)
      case 'intent':
        return this.#intent(entry, checked)
      case 'outcome':
        return this.#outcome(entry, checked)
      case 'resolution':
        this.#belongs(entry, checked)
    }
  }

  /** The runbook that was opened, from its artifact; its absence is the artifact rules' finding. */
  #opened(opened: Opened, { statement, report }: Checked): void {
    const named = statement.subject.some(({ digest }) => digest.sha256 === opened.runbook.sha256)
    if (!named) report('opened/runbook', 'no subject with the runbook’s digest', opened.runbook.sha256)
    let source: Uint8Array
    try {
      source = readFileSync(artifactPath(this.#dir, opened.runbook.sha256))
    } catch {
      return
    }
    const { runbook } = parseRunbook(source, 'runbook.yaml')
    if (!runbook || runbook.sha256 !== opened.runbook.sha256) {
      return report('opened/runbook', 'an artifact that is no valid runbook', `the runbook with digest ${opened.runbook.sha256}`)
    }
    const { name, version, title } = runbook
    if (canonicalize({ name, version, title, sha256: runbook.sha256 }) !== canonicalize(opened.runbook)) {
      report('opened/runbook', canonicalize(opened.runbook), `what the runbook says: ${name} ${version}, ${title}`)
    }
    this.#runbook = runbook
  }

  /** @returns the instance whose turn it is; undefined when all are finished */
  #next(): Expected | undefined {
    const scope = this.#history.scope(this.#runbook!)
    for (const step of this.#runbook!.steps) {
      for (const { key, value } of instances(step, scope)) {
        if (this.#history.isFinished(step.id, key)) continue
        return { step, key, scope: step.forEach ? { ...scope, each: { key: key!, value } } : scope }
      }
    }
    return undefined
  }

  /** @returns the instance, if the entry is about the one whose turn it is */
  #turn(entry: { step: string; instance: string | null }, { report }: Checked): Expected | undefined {
    if (!this.#runbook) return undefined
    const next = this.#next()
    if (next && next.step.id === entry.step && next.key === entry.instance) return next
    report('step/order', nameOf(entry.step, entry.instance), next ? nameOf(next.step.id, next.key) : 'no further step')
    return undefined
  }

  #skipped(skipped: Skipped, checked: Checked): void {
    const next = this.#turn(skipped, checked)
    if (!next) return
    const { when } = next.step
    if (!when || holds(when, next.scope)) checked.report('step/when', `${skipped.step} was skipped`, when ? `${when.source} holds` : 'a step without `when`')
  }

  #intent(intent: Intent, checked: Checked): void {
    if (this.#history.open) return checked.report('step/intent', 'an intent while another has no outcome', 'one intent at a time')
    const next = this.#turn(intent, checked)
    if (!next) return
    const { step, scope } = next
    const attempt = this.#history.attempts(step.id, next.key).attempts + 1
    if (intent.attempt !== attempt) checked.report('step/attempt', `${intent.attempt}`, `${attempt}`)
    if (step.when && !holds(step.when, scope)) checked.report('step/when', `${step.id} was run`, `skipped: ${step.when.source} does not hold`)
    const { action, inputs } = declared(step, scope)
    if (intent.action !== action) checked.report('step/action', intent.action, action)
    const [found, expected] = [canonicalize(intent.inputs), canonicalize(inputs)]
    if (found !== expected) checked.report('step/inputs', found.slice(0, 500), expected.slice(0, 500))
    this.#quorum(checked, step.signOff.before, 'before')
    this.#separation(checked, step)
  }

  #outcome(outcome: Outcome, checked: Checked): void {
    if (!this.#belongs(outcome, checked) || !this.#runbook) return
    const step = this.#runbook.steps.find(({ id }) => id === outcome.step)
    if (!step || outcome.result === 'failed') return
    this.#quorum(checked, step.signOff.after, 'after')
    const scope = this.#next()?.scope
    if (!scope) return
    const { does, until } = step
    if (does.kind === 'assert') {
      for (const { that } of does.checks) if (!holds(that, scope)) checked.report('step/assert', `${that.source} does not hold`, 'an assertion that holds')
    }
    const reached = !until || outcome.reconciled || evaluate(until.that, { ...scope, outputs: outcome.outputs }) === true
    if (!reached) checked.report('step/until', `${until.that.source} does not hold`, 'the condition to hold at the end')
  }

  /** Resolution and outcome belong to the open intent. */
  #belongs(entry: { step: string; instance: string | null; intent: number }, { report }: Checked): boolean {
    const { open } = this.#history
    const fits = open && open.sequence === entry.intent && open.intent.step === entry.step && open.intent.instance === entry.instance
    if (!fits) report('step/outcome', `for intent ${entry.intent}, ${nameOf(entry.step, entry.instance)}`, open ? `for the open intent ${open.sequence}` : 'no open intent')
    return Boolean(fits)
  }

  #closed(closed: Closed, { report }: Checked): void {
    const { entries, stepsDone, deviations, open } = this.#history
    if (open) report('closed/open', `${open.intent.step} has no outcome`, 'an outcome for every intent')
    const counts = canonicalize({ entries: closed.entries, steps_done: closed.steps_done, deviations: closed.deviations })
    const expected = canonicalize({ entries, steps_done: stepsDone, deviations })
    if (counts !== expected) report('closed/counts', counts, expected)
    const next = this.#runbook && closed.result === 'complete' ? this.#next() : undefined
    if (next) report('closed/complete', `${nameOf(next.step.id, next.key)} was not done`, 'every step to be done or skipped')
  }

  #everyone(checked: Checked, opened = this.#history.opened): void {
    const signed = new Set(checked.envelope.signatures.map(({ keyid }) => keyid))
    const missing = (opened?.officers ?? []).filter(({ keyid }) => !signed.has(keyid)).map(({ name }) => name)
    if (missing.length > 0) checked.report('quorum/everyone', `not signed by ${missing.join(', ')}`, 'the signatures of all officers')
  }

  #signers({ envelope }: Checked) {
    const signed = new Set(envelope.signatures.map(({ keyid }) => keyid))
    return (this.#history.opened?.officers ?? []).filter(({ keyid }) => signed.has(keyid))
  }

  #quorum(checked: Checked, quorum: Quorum, which: string): void {
    const signers = this.#signers(checked)
    if (choose(signers, quorum)) return
    const found = signers.map(({ name, roles }) => `${name} (${roles.join(', ')})`).join('; ') || 'no officer'
    const expected = Object.entries(quorum).map(([role, count]) => `${count} distinct people as ${role}`)
    checked.report(`quorum/${which}`, found, expected.join(' and '))
  }

  #separation(checked: Checked, step: Step): void {
    for (const other of step.notSameAs) {
      const before = this.#history.signersBefore(other)
      const same = this.#signers(checked).filter(({ name }) => before.has(name))
      if (same.length > 0) checked.report('quorum/not-same-as', same.map(({ name }) => name).join(', '), `others than those who signed ${other}`)
    }
  }
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

const nameOf = (step: string, instance: string | null): string => (instance === null ? step : `${step}[${instance}]`)
