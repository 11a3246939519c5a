/** The whole check, as the reader's browser makes it when the page opens. */
import { checkArtifacts, type Named } from './artifacts.ts'
import { linesOf } from './bytes.ts'
import { chainRules, type Link } from './chain.ts'
import { PlannedCourse } from './course.ts'
import type { Embedded } from './embedded.ts'
import { checkSignatures, type Keys, type Line, readKeys, readLine } from './lines.ts'
import { openingRules } from './opening.ts'
import { entryRules } from './rules.ts'
import { officersWho, signatureRules } from './signers.ts'
import { Standing } from './standing.ts'
import type { Finding, Report } from './turn.ts'

export interface Checked {
  readonly findings: readonly Finding[]
  readonly lines: readonly Line[]
  readonly keys: Keys
  readonly artifacts: readonly Named[]
  readonly closed: boolean
  /** SHA-256 of the last line, hex; null for an empty transcript. */
  readonly head: string | null
  /** How many signatures were found good. */
  readonly good: number
  readonly milliseconds: number
}

/** Lines whose digests and signatures are computed side by side. */
const BATCH = 64

/**
 * @param progress is told how many lines are done, of how many
 * @throws Error if this browser cannot check (no WebCrypto, or no Ed25519)
 */
export async function checkTranscript(
  { transcript, artifacts, about }: Embedded,
  progress: (done: number, of: number) => void,
): Promise<Checked> {
  const started = performance.now()
  if (globalThis.crypto?.subtle === undefined) throw new Error('it has no WebCrypto for this page')
  const findings: Finding[] = []
  const reportAt =
    (line: number): Report =>
    (rule, found, expected) =>
      void findings.push({ line, rule, found, expected })

  const { lines: texts, torn } = linesOf(transcript)
  if (torn > 0) reportAt(0)('transcript/torn', `${torn} bytes behind the last newline`, 'a newline at the end of the last line')
  if (texts.length === 0) reportAt(0)('transcript/empty', 'no entry', 'an `opened` entry at least')
  const lines: Line[] = []
  let keys: Keys = new Map()
  for (let at = 0; at < texts.length; at += BATCH) {
    const batch = await Promise.all(texts.slice(at, at + BATCH).map((text, index) => readLine(text, at + index + 1)))
    const first = at === 0 ? batch[0]?.statement?.predicate : undefined
    if (first?.kind === 'opened') keys = await readKeys(first, reportAt(1))
    await Promise.all(batch.map((line) => checkSignatures(line, keys)))
    lines.push(...batch)
    progress(lines.length, texts.length)
  }
  const standing = judge(lines, keys, about.plan, reportAt)
  const named = await checkArtifacts(lines, artifacts, about.leftOut, reportAt)
  openingRules(lines[0], about.plan, artifacts.has(about.plan?.sha256 ?? ''), reportAt(1))
  return {
    findings: findings.sort((a, b) => (a.line || Infinity) - (b.line || Infinity)),
    lines,
    keys,
    artifacts: named,
    closed: standing.closed,
    head: lines.at(-1)?.digest ?? null,
    good: lines.flatMap(({ signatures }) => signatures).filter(Boolean).length,
    milliseconds: performance.now() - started,
  }
}

/** Entry by entry: the chain, who signed, and what the plan says of it. */
function judge(lines: readonly Line[], keys: Keys, plan: Embedded['about']['plan'], reportAt: (line: number) => Report): Standing {
  const standing = new Standing()
  const course = plan ? new PlannedCourse(plan, standing) : undefined
  let before: Link = { digest: null, sequence: -1 }
  for (const line of lines) {
    const { number, digest, statement, envelope, fault } = line
    const report = reportAt(number)
    if (!statement || !envelope) {
      report(
        'envelope/canonical',
        fault ?? 'nothing that can be read',
        'one DSSE envelope in canonical JSON around a statement in canonical JSON',
      )
      // A line that cannot be read stands for one entry, so that what follows is judged by itself.
      before = { ...before, digest, sequence: before.sequence + 1 }
      continue
    }
    const entry = statement.predicate
    const turn = { line, entry, keyids: envelope.signatures.map(({ keyid }) => keyid), keys, standing, course, report }
    chainRules(turn, before)
    if (signatureRules(turn)) entryRules(turn)
    standing.apply(
      entry,
      officersWho(turn).map(({ name }) => name),
    )
    before = { digest, ceremony: entry.ceremony, sequence: entry.sequence, mode: entry.mode, time: entry.time }
  }
  return standing
}
