/** Where the ceremony stands after each entry: what the rules look back on. */
import type { Entry, Intent, Opened } from '../../transcript/entry.ts'

export class Standing {
  opened: Opened | undefined
  /** Who holds the baton. */
  station = ''
  /** Set between handed-over and received. */
  handedOverTo: string | undefined
  /** Whether the station has shown its state since it received the baton. */
  arrived = false
  /** The last intent, while it has no outcome. */
  open: { readonly intent: Intent; readonly sequence: number; resolved: 'done' | 'not-done' | undefined } | undefined
  closed = false
  entries = 0
  deviations = 0
  stepsDone = 0
  readonly #finished = new Set<string>()
  readonly #attempts = new Map<string, number>()
  readonly #authorisers = new Map<string, Set<string>>()

  /** @param signers names of the officers who signed the entry */
  apply(entry: Entry, signers: readonly string[]): void {
    this.entries++
    switch (entry.kind) {
      case 'opened':
        this.opened = entry
        this.station = entry.station
        return
      case 'arrived':
        this.arrived = true
        return
      case 'skipped':
        this.#finished.add(keyOf(entry.step, entry.instance))
        return
      case 'intent':
        this.open = { intent: entry, sequence: entry.sequence, resolved: undefined }
        this.#attempts.set(keyOf(entry.step, entry.instance), entry.attempt)
        this.#authorisers.set(entry.step, new Set([...this.authorisers(entry.step), ...signers]))
        return
      case 'resolution':
        if (this.open) this.open.resolved = entry.verdict
        return
      case 'outcome':
        this.open = undefined
        if (entry.result !== 'done') return
        this.stepsDone++
        this.#finished.add(keyOf(entry.step, entry.instance))
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
    return this.#finished.has(keyOf(step, instance))
  }

  /** @returns how many intents this instance has had */
  attempts(step: string, instance: string | null): number {
    return this.#attempts.get(keyOf(step, instance)) ?? 0
  }

  /** @returns names of the officers who authorised any instance of that step */
  authorisers(step: string): ReadonlySet<string> {
    return this.#authorisers.get(step) ?? new Set()
  }
}

const keyOf = (step: string, instance: string | null): string => JSON.stringify([step, instance])
