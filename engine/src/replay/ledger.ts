/** The ledger of a replay: holds what the engine would write now against what was written then. */
import { type Ledger, statementOf } from '../ceremony/ledger.ts'
import { canonicalize } from '../transcript/canonical.ts'
import { ABORTED, type Body, type Entry, type Statement, type Subject } from '../transcript/entry.ts'
import type { History } from '../transcript/history.ts'
import type { StoredEntry } from '../transcript/store.ts'
import { type Difference, firstDifference, shown } from './difference.ts'
import type { Tape } from './tape.ts'

/** The transcript says that the ceremony was interrupted here: the engine is started anew, as it was then. */
export class Interruption extends Error {
  override readonly name = 'Interruption'
}

/** The officers ended the ceremony here, before its last step: their word, and not a consequence of anything. */
export class Abortion extends Error {
  override readonly name = 'Abortion'
}

/** The transcript ends here: the ceremony was not closed. */
export class EndOfTranscript extends Error {
  override readonly name = 'EndOfTranscript'
}

export class RecordedLedger implements Ledger {
  readonly differences: Difference[] = []
  readonly #entries: AsyncIterator<StoredEntry>
  readonly #history: History
  #next: StoredEntry | undefined
  #tape: Tape | undefined

  private constructor(entries: AsyncIterator<StoredEntry>, history: History) {
    this.#entries = entries
    this.#history = history
  }

  /** Lets go of the transcript. */
  async close(): Promise<void> {
    await this.#entries.return?.()
  }

  /** Takes over the opening entry as it is: who came, and with what, is what all else follows from. */
  static async open(entries: AsyncIterable<StoredEntry>, history: History): Promise<RecordedLedger> {
    const ledger = new RecordedLedger(entries[Symbol.asyncIterator](), history)
    await ledger.#advance()
    await ledger.#take()
    return ledger
  }

  /** The tape that plays beside; where it departs from the recording, that is the difference that counts. */
  set tape(tape: Tape) {
    this.#tape = tape
  }

  /** The entry that comes next; undefined at the end. */
  get next(): Entry | undefined {
    return this.#next?.statement.predicate
  }

  /** The next entry as one of a kind, for what people said and stations showed. @throws EndOfTranscript, Abortion */
  expect<K extends Entry['kind']>(kind: K): Extract<Entry, { kind: K }> {
    const { next } = this
    if (!next) throw new EndOfTranscript()
    if (next.kind !== kind && isAbortion(next)) throw new Abortion()
    if (next.kind !== kind) throw new Error(`the transcript goes on with \`${next.kind}\``)
    return next as Extract<Entry, { kind: K }>
  }

  /** @throws Interruption, EndOfTranscript, Abortion */
  async write(body: Body, station: string, subjects: readonly Subject[] = []): Promise<readonly string[]> {
    // Only an interruption makes a resolution follow where an outcome was about to be written.
    if (this.#tape?.isInterrupted || (body.kind === 'outcome' && this.next?.kind === 'resolution')) throw new Interruption()
    const recorded = this.#next
    if (!recorded) throw new EndOfTranscript()
    if (isAbortion(recorded.statement.predicate)) throw new Abortion()
    const { ceremony, sequence, previous, time, mode } = recorded.statement.predicate
    this.#compare(recorded, statementOf(body, subjects, { ceremony, sequence, previous, station, time, mode }))
    await this.#take()
    return []
  }

  /** Goes to the end, over what follows from nothing but the officers' word. */
  async takeRest(): Promise<void> {
    while (this.#next) await this.#take()
  }

  /** Notes that the engine and the transcript went apart altogether: one has more to say than the other. */
  departed(engine: string): void {
    const { next } = this
    this.differences.push({
      line: this.#next?.line ?? this.#history.entries,
      ...stepOf(next),
      field: '/',
      recorded: next ? `goes on with \`${next.kind}\`` : 'ends here',
      replayed: engine,
      exchange: null,
    })
  }

  #compare({ line, statement }: StoredEntry, made: Statement): void {
    const departure = this.#tape?.departure
    const about = { line, ...stepOf(statement.predicate) }
    if (departure) {
      const { recording, line: at, ...what } = departure
      this.differences.push({ ...about, ...what, exchange: { recording, line: at } })
      return
    }
    // By way of canonical JSON, so that what is compared are the bytes that were signed.
    const [recorded, replayed] = [canonicalize(statement), canonicalize(made)]
    if (recorded === replayed) return
    const found = firstDifference(JSON.parse(recorded), JSON.parse(replayed))
    const field = found?.field ?? '/'
    this.differences.push({ ...about, field, recorded: shown(found?.recorded), replayed: shown(found?.replayed), exchange: null })
  }

  /** Goes on behind the next entry, and behind the notes that officers made of their own accord. */
  async #take(): Promise<void> {
    for (;;) {
      const { statement, envelope, payloadDigest } = this.#next!
      const keyids = envelope.signatures.map(({ keyid }) => keyid)
      this.#history.apply(statement, keyids, payloadDigest)
      await this.#advance()
      if (this.next?.kind !== 'deviation') return
    }
  }

  async #advance(): Promise<void> {
    const { done, value } = await this.#entries.next()
    this.#next = done ? undefined : value
  }
}

/** @returns whether this begins the end of an aborted ceremony: of the step that was under way, or the closing itself */
export function isAbortion(entry: Entry): boolean {
  return (entry.kind === 'closed' && entry.result === 'aborted') || (entry.kind === 'outcome' && entry.error?.code === ABORTED)
}

function stepOf(entry: Entry | undefined): { step: string | null; instance: string | null } {
  return entry && 'step' in entry ? { step: entry.step, instance: entry.instance } : { step: null, instance: null }
}
