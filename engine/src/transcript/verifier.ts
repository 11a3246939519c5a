/** The state of one verification, fed line by line with what was found out about each: the rules that look at the order. */
import type { Mode, Statement } from './entry.ts'
import { History } from './history.ts'
import type { JudgedLine } from './line.ts'
import type { VerifyFinding } from './result.ts'
import { chainRules, type Link } from './rules/chain.ts'
import { Course } from './rules/course.ts'
import { openedRules } from './rules/opened.ts'
import { Packages } from './rules/plugins.ts'
import type { Checked, Fault, Report } from './rules/report.ts'
import { stationRules } from './rules/stations.ts'
import { stepRules } from './rules/steps.ts'
import { subjectRules } from './rules/subjects.ts'
import type { Vouching } from './trust.ts'

/** The seed of a step's randomness: nothing is run here. */
const NO_SEED = new Uint8Array()

export class Verifier {
  readonly findings: VerifyFinding[] = []
  readonly history = new History()
  readonly #dir: string | undefined
  readonly #packages = new Packages()
  /** Each of 32 characters, a byte each: half of what the digests take in hex. */
  readonly #artifacts = new Set<string>()
  #course: Course | undefined
  #before: Link = { digest: null, sequence: -1, closed: false }
  #signers: { opened: readonly string[]; closed: readonly string[] | undefined } = { opened: [], closed: undefined }
  lines = 0

  /** @param dir the ceremony's folder, in which the artifacts lie; undefined if there are none to be looked at */
  constructor(dir: string | undefined) {
    this.#dir = dir
  }

  report(line: number, rule: Fault['rule'], found: string, expected: string): void {
    this.findings.push({ line, rule, found, expected })
  }

  /** Takes the next line. */
  take({ digest, statement, keyids, believed, artifacts, faults }: JudgedLine): void {
    const line = ++this.lines
    const report: Report = (rule, found, expected) => this.report(line, rule, found, expected)
    if (!statement) {
      for (const fault of faults) this.findings.push({ line, ...fault })
      // A line that cannot be read stands for one entry, so that what follows is judged by itself.
      this.#before = { ...this.#before, digest, sequence: this.#before.sequence + 1 }
      return
    }
    const checked: Checked = { statement, entry: statement.predicate, keyids, report }
    chainRules(checked, this.#before)
    for (const fault of faults) this.findings.push({ line, ...fault })
    for (const artifact of artifacts) this.#artifacts.add(Buffer.from(artifact, 'hex').toString('latin1'))
    if (believed) this.#judge(checked)
    this.#apply(statement, keyids)
    const { ceremony, sequence, mode, time } = checked.entry
    this.#before = { digest, ceremony, sequence, mode, time, closed: this.history.closed }
  }

  /** SHA-256, hex, of the last line; null before the first. */
  get head(): string | null {
    return this.#before.digest
  }

  get mode(): Mode | null {
    return this.history.opened ? (this.#before.mode ?? null) : null
  }

  get vouching(): Vouching {
    return this.#signers
  }

  isNamed(artifact: string): boolean {
    return this.#artifacts.has(Buffer.from(artifact, 'hex').toString('latin1'))
  }

  #judge(checked: Checked): void {
    const { entry, report } = checked
    const { history } = this
    try {
      if (entry.kind === 'opened') {
        const runbook = openedRules(entry, checked, this.#dir, this.#packages)
        if (runbook) this.#course ??= new Course(runbook, history)
      }
      subjectRules(checked, history, this.#dir)
      stationRules(checked, history, this.#course)
      stepRules(checked, { history, course: this.#course, packages: this.#packages })
    } catch (error) {
      // An expression over outputs that nobody foresaw: the ceremony could not have gone on from there.
      report('step/expression', (error as Error).message, 'expressions of the runbook that can be evaluated')
    }
  }

  #apply(statement: Statement, keyids: readonly string[]): void {
    const { kind } = statement.predicate
    if (kind === 'opened' && !this.history.opened) this.#signers.opened = keyids
    if (kind === 'closed') this.#signers.closed = keyids
    this.history.apply(statement, keyids, NO_SEED)
  }
}
