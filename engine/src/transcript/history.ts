/**
 * What the entries of a transcript say about where a ceremony stands. Fed entry by entry: the same code tells a running
 * ceremony what it just did and a resumed one what had been done.
 */
import type { Runbook, Scope } from '../runbook/model.ts'
import type { Entry, Intent, Opened, Outcome, Statement } from './entry.ts'

/** An intent and what belongs to it. */
export interface OpenIntent {
  readonly intent: Intent
  readonly sequence: number
  readonly time: string
  /** SHA-256 of the statement's bytes: the root of the randomness of this step. */
  readonly payloadDigest: Uint8Array
  /** Set once a resolution said that the effect did not take place, so that it may be run. */
  resolved: 'done' | 'not-done' | undefined
}

/** What is known of the instances of one step. */
interface Instances {
  /** Those that have a good outcome or were skipped. */
  readonly finished: Set<string | null>
  /** Those that were begun and are not finished. */
  readonly begun: Map<string | null, Attempts>
}
interface Attempts {
  readonly attempts: number
  readonly lastFailure: Outcome | undefined
}

export class History {
  opened: Opened | undefined
  ceremony = ''
  /** Who holds the baton. */
  station = ''
  /** Set between handed-over and received. */
  handedOverTo: string | undefined
  /** Whether the station has shown its evidence since it received the baton. */
  arrived = false
  /** The last intent, while it has no outcome. */
  open: OpenIntent | undefined
  closed = false
  /** How many entries there are. */
  entries = 0
  deviations = 0
  stepsDone = 0
  readonly #instances = new Map<string, Instances>()
  /** What expressions see as `steps`; without prototypes, because names in it come from outside. */
  readonly #outputs: Record<string, Record<string, unknown>> = Object.create(null)
  readonly #signersBefore = new Map<string, Set<string>>()
  /** Steps whose outputs are wanted; all of them if undefined. */
  #wanted: ReadonlySet<string> | undefined

  /** @param keyids the keys that signed this entry's envelope */
  apply(statement: Statement, keyids: readonly string[], payloadDigest: Uint8Array): void {
    const entry: Entry = statement.predicate
    this.entries++
    switch (entry.kind) {
      case 'opened':
        this.opened = entry
        this.ceremony = entry.ceremony
        this.station = entry.station
        return
      case 'arrived':
        this.arrived = true
        return
      case 'skipped':
        this.#finish(entry.step, entry.instance, null)
        return
      case 'intent':
        this.#intent(entry, entry.sequence, entry.time, keyids, payloadDigest)
        return
      case 'resolution':
        if (this.open) this.open.resolved = entry.verdict
        return
      case 'outcome':
        this.#outcome(entry)
        return
      case 'handed-over':
        this.handedOverTo = entry.to
        return
      case 'received':
        this.station = entry.station
        this.handedOverTo = undefined
        this.arrived = false
        return
      case 'deviation':
        this.deviations++
        return
      case 'closed':
        this.closed = true
    }
  }

  /** @returns whether this instance has a good outcome or was skipped */
  isFinished(step: string, instance: string | null): boolean {
    return this.#instances.get(step)?.finished.has(instance) ?? false
  }

  /** @returns how many intents this instance has had while it is not finished, and the outcome of the last if that was a failure */
  attempts(step: string, instance: string | null): Attempts {
    return this.#instances.get(step)?.begun.get(instance) ?? { attempts: 0, lastFailure: undefined }
  }

  /** @returns names of the officers who authorised any instance of that step */
  signersBefore(step: string): ReadonlySet<string> {
    return this.#signersBefore.get(step) ?? new Set()
  }

  /** @returns what expressions see: parameters, and the outputs of every finished step. It grows with the entries. */
  scope(runbook: Runbook): Scope {
    for (const step of runbook.steps) {
      if (step.forEach) this.#outputs[step.id] ??= Object.create(null)
    }
    return { parameters: this.opened?.parameters ?? {}, steps: this.#outputs }
  }

  /** Keeps the outputs of these steps only, from now on: for a reader that knows which ones expressions look at. */
  want(steps: ReadonlySet<string>): void {
    this.#wanted = steps
  }

  /** Lets go of a step that nothing will ask about again. */
  forget(step: string): void {
    this.#instances.delete(step)
    delete this.#outputs[step]
  }

  #of(step: string): Instances {
    const known = this.#instances.get(step) ?? { finished: new Set(), begun: new Map() }
    this.#instances.set(step, known)
    return known
  }

  #intent(intent: Intent, sequence: number, time: string, keyids: readonly string[], payloadDigest: Uint8Array): void {
    const { begun } = this.#of(intent.step)
    begun.set(intent.instance, { attempts: intent.attempt, lastFailure: begun.get(intent.instance)?.lastFailure })
    this.open = { intent, sequence, time, payloadDigest, resolved: undefined }
    const names = this.#signersBefore.get(intent.step) ?? new Set()
    for (const officer of this.opened?.officers ?? []) {
      if (keyids.includes(officer.keyid)) names.add(officer.name)
    }
    this.#signersBefore.set(intent.step, names)
  }

  #outcome(outcome: Outcome): void {
    this.open = undefined
    if (outcome.result === 'done') {
      this.#finish(outcome.step, outcome.instance, outcome.outputs)
      this.stepsDone++
    } else {
      const { begun } = this.#of(outcome.step)
      begun.set(outcome.instance, { attempts: begun.get(outcome.instance)?.attempts ?? 1, lastFailure: outcome })
    }
  }

  #finish(step: string, instance: string | null, outputs: unknown): void {
    const { finished, begun } = this.#of(step)
    finished.add(instance)
    begun.delete(instance)
    if (this.#wanted && !this.#wanted.has(step)) return
    if (instance === null) {
      this.#outputs[step] = { outputs }
    } else {
      this.#outputs[step] ??= Object.create(null) as Record<string, unknown>
      this.#outputs[step][instance] = { outputs }
    }
  }
}
