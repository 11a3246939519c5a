/** All that can be judged of one line without its neighbours: its form, signatures, artifacts, and that it holds no secret. */
import { hash } from 'node:crypto'
import { CanonicalError, parseCanonical, STATEMENT_LIMITS } from './canonical.ts'
import { bytesOfBase64, parseEnvelope } from './dsse.ts'
import type { Statement } from './entry.ts'
import { Identities } from './identities.ts'
import { ArtifactRules } from './rules/artifacts.ts'
import type { Fault, Report } from './rules/report.ts'
import { secretRules } from './rules/secrets.ts'
import { signatureRules } from './rules/signatures.ts'
import type { ShapeChecker } from './shape.ts'

/** What was found out about a line. */
export interface JudgedLine {
  /** SHA-256, hex, of the line. */
  readonly digest: string
  /** Undefined for a line that cannot be read. */
  readonly statement: Statement | undefined
  /** Fingerprints of the keys that signed, in order; not all of them need be good. */
  readonly keyids: readonly string[]
  /** Whether the signatures are good, so that what the line says is worth a look. */
  readonly believed: boolean
  /** Digests of the artifacts that it names. */
  readonly artifacts: readonly string[]
  readonly faults: readonly Fault[]
}

export class LineChecker {
  #identities: Identities | undefined
  readonly #artifacts: ArtifactRules | undefined
  readonly #shapes: ShapeChecker

  /**
   * @param dir the ceremony's folder, in which the artifacts lie; undefined if there are none to be looked at
   * @param shapes what statements look like
   * @param identities of the opening entry; those of the first `opened` that is read if left out
   */
  constructor(dir: string | undefined, shapes: ShapeChecker, identities?: Identities) {
    this.#shapes = shapes
    this.#artifacts = dir === undefined ? undefined : new ArtifactRules(dir)
    this.#identities = identities
  }

  get identities(): Identities | undefined {
    return this.#identities
  }

  /**
   * @param bytes the line without its newline
   * @returns what was found out, and the statement's bytes
   */
  judge(bytes: Buffer): JudgedLine & { readonly payload: Buffer | undefined } {
    const digest = hash('sha256', bytes)
    const faults: Fault[] = []
    const report: Report = (rule, found, expected) => void faults.push({ rule, found, expected })
    const unreadable = { digest, statement: undefined, payload: undefined, keyids: [], believed: false, artifacts: [], faults }
    try {
      const envelope = parseEnvelope(bytes)
      const payload = bytesOfBase64(envelope.payload, 'payload')
      const statement = parseCanonical(payload, STATEMENT_LIMITS) as Statement
      const fault = this.#shapes.faultOf(statement)
      if (fault !== undefined) {
        report('statement/shape', fault, 'an in-toto Statement v1 with a predicate of this project’s type')
        return unreadable
      }
      const { predicate: entry } = statement
      if (entry.kind === 'opened') this.#identities ??= new Identities(entry, report)
      const believed = signatureRules(envelope, payload, entry.station, this.#identities, report)
      secretRules(payload, statement, report)
      const artifacts = believed ? (this.#artifacts?.check(statement, report) ?? []) : []
      return { digest, statement, payload, keyids: envelope.signatures.map(({ keyid }) => keyid), believed, artifacts, faults }
    } catch (error) {
      if (!(error instanceof CanonicalError)) throw error
      report('envelope/canonical', error.message, 'one DSSE envelope in canonical JSON around a statement in canonical JSON')
      return unreadable
    }
  }
}
