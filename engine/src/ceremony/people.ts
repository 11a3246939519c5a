/** What a running ceremony needs of the people in the room. */
import type { SecretsAndHands } from '../capability/people.ts'
import type { Quorum, Runbook } from '../runbook/model.ts'
import type { OfficerIdentity, Statement } from '../transcript/entry.ts'
import type { History } from '../transcript/history.ts'

export interface EnvelopeSignature {
  readonly keyid: string
  /** Base64. */
  readonly sig: string
}

export interface SignRequest {
  /** What stands before the officers, in words. */
  readonly says: string
  /** What the signature is for. */
  readonly statement: Statement
  /** The bytes to sign (DSSE pre-authentication encoding). */
  readonly message: Uint8Array
  /** `everyone` who is present, or so many distinct people of each role. */
  readonly quorum: Quorum | 'everyone'
  /** Officers who may not sign this one, by name. */
  readonly except: readonly string[]
  /** The one officer whose word it is; nobody else signs then. */
  readonly only?: string
}

/** Another entry was written while this one was being signed: it is stated anew behind that one, and signed from the start. */
export class OvertakenError extends Error {
  override readonly name = 'OvertakenError'
}

/** A step of which neither the transcript nor the world tells whether it took effect. */
export interface Doubt {
  readonly step: string
  readonly instance: string | null
  /** What the step was to do, in words. */
  readonly says: string
  /** What the world answered. */
  readonly facts: string
}

/** The officers' word on it: whether it took effect, and what they have seen. */
export interface Decision {
  readonly verdict: 'done' | 'not-done'
  readonly facts: string
}

/** What those present can see, and do of their own accord. */
export interface Room {
  readonly runbook: Runbook
  readonly history: History
  /** Has an officer note something off script; it is signed and in the transcript when this resolves. */
  note(officer: string, note: string): Promise<void>
}

export interface People extends SecretsAndHands {
  /** Whether answers come from a file instead of from people. */
  readonly unattended: boolean
  /** Who is present, with the public half of their keys. */
  readonly officers: readonly OfficerIdentity[]
  /**
   * @throws CeremonyError `sign/no-quorum` when those present cannot make up the quorum
   * @throws OvertakenError when an officer noted something meanwhile
   */
  sign(request: SignRequest): Promise<readonly EnvelopeSignature[]>
  /**
   * Shows an instruction and takes down what is recorded.
   * @param schema JSON Schema (object) of the record, or undefined when nothing is recorded
   * @returns the record, which fits the schema; null when nothing is recorded
   */
  instruct(step: { readonly id: string; readonly instance: string | null }, text: string, schema: object | undefined): Promise<unknown>
  /** @returns the reason for going on although the station's state is not as the runbook demands; undefined to stop */
  waive(what: string, found: string): Promise<string | undefined>
  /** Lets the officers decide about a step in doubt; undefined, or no such method, when they leave it in doubt. */
  decide?(doubt: Doubt): Promise<Decision | undefined>
  /** Called where nothing is under way. @throws CeremonyError when those present want to stop here */
  atRest?(): Promise<void>
  /** Called once the ceremony's folder is open. */
  enter?(room: Room): void
  /** Set when those present want to end the ceremony for good: who says so, and why. */
  readonly abortion?: { readonly officer: string; readonly reason: string } | undefined
}
