/** Writes the entries of a ceremony: builds the statement, has it signed by the station and the officers, appends it. */
import { createHash } from 'node:crypto'
import type { CeremonyClock } from '../capability/clock.ts'
import type { Quorum } from '../runbook/model.ts'
import { canonicalize } from '../transcript/canonical.ts'
import { readCanonical } from '../transcript/canonical-read.ts'
import { preAuthenticationEncoding, type Signer } from '../transcript/dsse.ts'
import {
  type Body,
  type EntryHead,
  type Mode,
  PAYLOAD_TYPE,
  PREDICATE_TYPE,
  STATEMENT_TYPE,
  type Statement,
  type Subject,
} from '../transcript/entry.ts'
import type { History } from '../transcript/history.ts'
import type { TranscriptStore } from '../transcript/store.ts'
import { OvertakenError, type People } from './people.ts'

/** Who signs beside the station, and what they are told. */
export interface SignOff {
  readonly quorum: Quorum | 'everyone'
  readonly except?: readonly string[]
  /** The one officer whose word it is. */
  readonly only?: string
  readonly says: string
}

export interface Ledger {
  /**
   * Writes one entry; it is on disk, and in the history, when this resolves.
   * @param station who writes it
   * @returns names of the officers who signed
   */
  write(body: Body, station: string, subjects?: readonly Subject[], signOff?: SignOff): Promise<readonly string[]>
}

/** The ledger of a running ceremony. */
export class SigningLedger implements Ledger {
  readonly #store: TranscriptStore
  readonly #history: History
  readonly #clock: CeremonyClock
  readonly #people: Pick<People, 'officers' | 'sign'>
  readonly #stations: Readonly<Record<string, Signer>>
  readonly #ceremony: string
  readonly #mode: Mode
  #lastTime: number

  constructor(about: {
    store: TranscriptStore
    history: History
    clock: CeremonyClock
    people: Pick<People, 'officers' | 'sign'>
    stations: Readonly<Record<string, Signer>>
    ceremony: string
    mode: Mode
    lastTime: number
  }) {
    this.#store = about.store
    this.#history = about.history
    this.#clock = about.clock
    this.#people = about.people
    this.#stations = about.stations
    this.#ceremony = about.ceremony
    this.#mode = about.mode
    this.#lastTime = about.lastTime
  }

  /** Of the last entry, in milliseconds since the epoch. */
  get lastTime(): number {
    return this.#lastTime
  }

  async write(body: Body, station: string, subjects: readonly Subject[] = [], signOff?: SignOff): Promise<readonly string[]> {
    const statement = statementOf(body, subjects, this.#nextHead(station))
    this.#keep(statement, signOff)
    return this.append(statement, signOff)
  }

  #nextHead(station: string): EntryHead {
    this.#lastTime = Math.max(this.#clock.now(), this.#lastTime)
    const { head } = this.#store
    return {
      ceremony: this.#ceremony,
      sequence: head ? head.sequence + 1 : 0,
      previous: head ? { sha256: head.digest } : null,
      station,
      time: new Date(this.#lastTime).toISOString(),
      mode: this.#mode,
    }
  }

  /** An officer's note is not kept while it waits for its signature: it must not take the place of what it interrupts. */
  #keep(statement: Statement, signOff: SignOff | undefined): void {
    if (signOff && signOff.only === undefined && needsOfficers(signOff)) this.#store.setPending(statement)
  }

  /** Signs and appends a statement that is already made: a new one, or one that a crash left unsigned. */
  async append(statement: Statement, signOff?: SignOff): Promise<readonly string[]> {
    try {
      return await this.#append(statement, signOff)
    } catch (error) {
      if (!(error instanceof OvertakenError)) throw error
      return this.append(this.restate(statement, signOff), signOff)
    }
  }

  /** @returns the statement as it follows on the last entry, kept until it is signed */
  restate(statement: Statement, signOff: SignOff | undefined): Statement {
    const stated: Statement = { ...statement, predicate: { ...statement.predicate, ...this.#nextHead(statement.predicate.station) } }
    this.#keep(stated, signOff)
    return stated
  }

  async #append(statement: Statement, signOff: SignOff | undefined): Promise<readonly string[]> {
    const payload = Buffer.from(canonicalize(statement))
    const message = preAuthenticationEncoding(PAYLOAD_TYPE, payload)
    const station = this.#stations[statement.predicate.station]
    if (!station) throw new Error(`no key of station ${statement.predicate.station} is here`)
    const own = { keyid: station.keyid, sig: Buffer.from(await station.sign(message)).toString('base64') }
    const officers =
      signOff && needsOfficers(signOff)
        ? await this.#people.sign({
            says: signOff.says,
            statement,
            message,
            quorum: signOff.quorum,
            except: signOff.except ?? [],
            ...(signOff.only === undefined ? {} : { only: signOff.only }),
          })
        : []
    const signatures = [own, ...officers]
    await this.#store.append({ payload: payload.toString('base64'), payloadType: PAYLOAD_TYPE, signatures })
    const keyids = signatures.map((signature) => signature.keyid)
    // What was written, not what was meant: a resumed or replayed ceremony knows nothing else.
    this.#history.apply(readCanonical(payload) as Statement, keyids, createHash('sha256').update(payload).digest())
    return this.#people.officers.filter((officer) => keyids.includes(officer.keyid)).map((officer) => officer.name)
  }
}

/** @returns the statement of an entry; one that made no artifact speaks of the ceremony itself */
export function statementOf(body: Body, subjects: readonly Subject[], head: EntryHead): Statement {
  return {
    _type: STATEMENT_TYPE,
    subject: subjects.length > 0 ? subjects : [{ name: 'ceremony', digest: { sha256: sha256(head.ceremony) } }],
    predicateType: PREDICATE_TYPE,
    predicate: { ...head, ...body },
  }
}

function needsOfficers({ quorum, only }: SignOff): boolean {
  return only !== undefined || quorum === 'everyone' || Object.values(quorum).some((count) => count > 0)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
