/** What a running ceremony needs of the people in the room. */
import type { SecretsAndHands } from '../capability/people.ts'
import type { Quorum } from '../runbook/model.ts'
import type { OfficerIdentity } from '../transcript/entry.ts'

export interface EnvelopeSignature {
  readonly keyid: string
  /** Base64. */
  readonly sig: string
}

export interface SignRequest {
  /** What stands before the officers, in words. */
  readonly says: string
  /** The bytes to sign (DSSE pre-authentication encoding). */
  readonly message: Uint8Array
  /** `everyone` who is present, or so many distinct people of each role. */
  readonly quorum: Quorum | 'everyone'
  /** Officers who may not sign this one, by name. */
  readonly except: readonly string[]
}

export interface People extends SecretsAndHands {
  /** Whether answers come from a file instead of from people. */
  readonly unattended: boolean
  /** Who is present, with the public half of their keys. */
  readonly officers: readonly OfficerIdentity[]
  /** @throws CeremonyError `sign/no-quorum` when those present cannot make up the quorum */
  sign(request: SignRequest): Promise<readonly EnvelopeSignature[]>
  /**
   * Shows an instruction and takes down what is recorded.
   * @param schema JSON Schema (object) of the record, or undefined when nothing is recorded
   * @returns the record, which fits the schema; null when nothing is recorded
   */
  instruct(step: { readonly id: string; readonly instance: string | null }, text: string, schema: object | undefined): Promise<unknown>
  /** @returns the reason for going on although the station's state is not as the runbook demands; undefined to stop */
  waive(what: string, found: string): Promise<string | undefined>
}
