/**
 * A step's recording, played back: stands where the live recording stood, and serves the doors of the plugin from the
 * recorded lines. Each ask must be the recorded one, byte for byte; answers come in the recorded order, with the
 * recorded time.
 */
import { recordedAsk } from '../capability/doors.ts'
import {
  type ExchangeLine,
  lineOfExchange,
  type Recorded,
  type RecordedCall,
  type Recorder,
  recordable,
  revived,
} from '../capability/recording.ts'
import type { ErrorData, Reply } from '../plugin/protocol.ts'
import { readCanonical } from '../transcript/canonical-read.ts'
import { firstDifference, shown } from './difference.ts'

/** A recording to play. */
export interface Reel {
  readonly sha256: string
  /** The recorded lines, without newlines. */
  readonly lines: readonly string[]
  /** Whether it ends with an interruption. */
  readonly breaksOff: boolean
}

/** The run left the recording. */
export interface Departure {
  readonly recording: string
  /** Counted from one. */
  readonly line: number
  readonly field: string
  readonly recorded: string
  readonly replayed: string
}

const STOPPED: ErrorData = {
  code: 'replay/stopped',
  message: 'The recording has nothing more for this plugin.',
  found: 'the end of what was recorded',
  expected: 'an answer',
  changed: 'nothing',
  advice: 'See the difference that the replay reports.',
}

interface Ask {
  readonly id: number
  readonly door: string
  readonly request: unknown
  readonly signal: AbortSignal
  matched: boolean
  /** False while what is done again has not ended. */
  ready: boolean
  /** What came of doing it again. */
  performed?: unknown
  readonly settle: (answer: { reply: Reply; time: number }) => void
}

export class Tape implements Recorder {
  readonly #load: () => Reel
  readonly #waiting = new Map<number, Ask>()
  #reel: Reel | undefined
  /** Its lines, read. */
  #lines: readonly ExchangeLine[] = []
  #at = 0
  #played = 0
  /** How many answers of this call have gone out. */
  #answers = 0
  #departure: Departure | undefined
  time = 0
  /** Grows with everything that happens. */
  steps = 0

  /** @param load finds the recording that belongs to the entry that comes next */
  constructor(load: () => Reel) {
    this.#load = load
  }

  /** How many lines were played, of all recordings. */
  get played(): number {
    return this.#played
  }

  /**
   * Whether the ceremony was interrupted where the recording stands now, and taken up again. That is where it goes on with
   * asking the world: after an interruption the engine does so before anything else, and otherwise only at the beginning.
   */
  get isInterrupted(): boolean {
    const line = this.#line()
    return !this.#departure && line !== undefined && 'call' in line && line.call.what === 'reconcile'
  }

  /** Whether the recording has nothing more. */
  get isAtEnd(): boolean {
    return this.#line() === undefined
  }

  /** Where the run left the recording, if it did. */
  get departure(): Departure | undefined {
    return this.#departure
  }

  begin(call: RecordedCall): number {
    if (!this.#reel) {
      this.#reel = this.#load()
      this.#lines = this.#reel.lines.map((line) => readCanonical(Buffer.from(line)) as ExchangeLine)
    }
    this.steps++
    this.#answers = 0
    const line = this.#line()
    if (line !== undefined && 'call' in line && line.call.what === call.what) {
      this.#compare({ call, time: line.time })
      this.#pass(line)
    } else if (!this.#isCutOff) this.#leave('', line, { call })
    return this.time
  }

  /**
   * Plays the recorded answer to what the plugin asks.
   * @param perform does it again, where that touches the ceremony's own artifacts only; must come to what is recorded
   */
  play(asked: Pick<Ask, 'id' | 'door' | 'request' | 'signal'>, perform?: () => Promise<unknown>): Promise<{ reply: Reply; time: number }> {
    this.steps++
    return new Promise((settle) => {
      const ask: Ask = { ...asked, matched: false, ready: perform === undefined, settle }
      this.#waiting.set(ask.id, ask)
      const withdrawn = (): void => {
        this.#advance()
        // Nobody waits any longer, whether or not that was recorded.
        settle({ reply: { ok: false, error: STOPPED }, time: this.time })
      }
      ask.signal.addEventListener('abort', withdrawn, { once: true })
      const again = perform?.().then(
        (value) => {
          ask.performed = value
        },
        () => {},
      )
      void again?.then(() => {
        ask.ready = true
        this.#advance()
      })
      this.#advance()
    })
  }

  finish(): Recorded | null {
    if (!this.#reel) return null
    const rest = this.#line()
    if (rest && !this.#reel.breaksOff && !this.isInterrupted) this.#leave('', rest, undefined)
    // Cut off before anything was recorded, as the recording of the day itself was.
    if (this.#at === 0) return null
    const played = this.#reel.lines.slice(0, this.#at).map((line) => `${line}\n`)
    return { bytes: Buffer.from(played.join('')), count: played.length }
  }

  discard(): void {
    this.#reel = undefined
    this.#lines = []
    this.#at = 0
    this.#departure = undefined
    this.#waiting.clear()
  }

  /** Ends what still waits: the plugin is to give up. */
  stop(): void {
    for (const ask of this.#waiting.values()) ask.settle({ reply: { ok: false, error: STOPPED }, time: this.time })
    this.#waiting.clear()
  }

  #line(): ExchangeLine | undefined {
    return this.#lines[this.#at]
  }

  #pass({ time }: ExchangeLine): void {
    this.time = time
    this.#at++
    this.#played++
  }

  /** Whether what was under way went no further than to here. */
  get #isCutOff(): boolean {
    return this.isInterrupted || (this.isAtEnd && this.#reel!.breaksOff)
  }

  /** Goes on along the recorded lines as far as what the plugin has asked allows. */
  #advance(): void {
    while (!this.#departure) {
      const line = this.#line()
      const next = [...this.#waiting.values()].find((ask) => !ask.matched)
      if (!line || 'call' in line) {
        // What was asked last was never answered.
        if (this.#isCutOff) break
        if (!next) return
        this.#leave('', line, { ask: next.id, door: next.door, request: next.request })
        break
      }
      if ('ask' in line) {
        if (!next?.ready) return
        next.matched = true
        // Not how soon it asked: that is the machine's doing, and only what it asked counts.
        this.#compare({ ask: next.id, door: next.door, request: recordedAsk(next.door, next.request), after: line.after, time: line.time })
      } else if (!this.#settle(line)) return
      this.#pass(line)
    }
    this.stop()
  }

  /** @returns whether everything has been asked that was asked before this answer came, so that it may go out now */
  #mayGoOut(): boolean {
    for (let at = this.#at + 1; at < this.#lines.length; at++) {
      const line = this.#lines[at]!
      if ('call' in line) return true
      if (!('ask' in line)) continue
      // The plugin asks in order, so all further ones came later still.
      if (line.after > this.#answers) return true
      if (!this.#waiting.has(line.ask)) return false
    }
    return true
  }

  /** @returns whether the plugin had asked, so that this line is done with */
  #settle(line: Extract<ExchangeLine, { answer: number } | { withdrawn: number }>): boolean {
    const id = 'answer' in line ? line.answer : line.withdrawn
    const ask = this.#waiting.get(id)
    if (!ask?.matched) {
      this.#leave('', line, undefined)
      return true
    }
    if ('withdrawn' in line) {
      if (!ask.signal.aborted) return false
      ask.settle({ reply: { ok: false, error: STOPPED }, time: line.time })
    } else {
      if (!this.#mayGoOut()) return false
      const { ok, value } = line
      this.#answers++
      if (ask.performed !== undefined) this.#compare({ answer: id, ok: true, value: ask.performed, time: line.time })
      ask.settle({ reply: ok ? { ok, value: revived(value) } : { ok: false, error: value as ErrorData }, time: line.time })
    }
    this.#waiting.delete(id)
    return true
  }

  #compare(replayed: ExchangeLine): void {
    const recorded = this.#reel!.lines[this.#at]!
    if (lineOfExchange(replayed) === recorded) return
    const [then, now] = [JSON.parse(recorded), JSON.parse(lineOfExchange(replayed))] as const
    const found = firstDifference(then, now)
    // Another door is another request altogether.
    if (!found || found.field === '/door') this.#leave('/', then, now)
    else this.#leave(found.field, found.recorded, found.replayed)
  }

  #leave(field: string, recorded: unknown, replayed: unknown): void {
    this.#departure ??= {
      recording: this.#reel?.sha256 ?? '',
      line: this.#at + 1,
      field: field || '/',
      recorded: shown(recorded),
      replayed: shown(replayed === undefined ? undefined : recordable(replayed)),
    }
  }
}
