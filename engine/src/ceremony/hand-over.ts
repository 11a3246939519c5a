/** Writes the bundle by which a ceremony that was handed over is carried to the other station. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BundledFile, BundleError, writeBundle } from '../station/bundle.ts'
import type { History } from '../transcript/history.ts'
import { StorageError } from '../transcript/storage-error.ts'
import { readEntries, TRANSCRIPT } from '../transcript/store.ts'
import { type Verification, verifyTranscript } from '../transcript/verify.ts'
import { CeremonyError } from './error.ts'
import { readStanding } from './standing.ts'

export interface HandedOverBundle {
  /** SHA-256, hex, of the bundle. */
  readonly sha256: string
  readonly entries: number
}

/**
 * @param to the station that the ceremony was handed over to
 * @param file where the bundle goes; replaced as a whole
 * @throws CeremonyError `hand-over/not-now`, `hand-over/broken`, `bundle/not-written`
 */
export async function handOver(dir: string, to: string, file: string): Promise<HandedOverBundle> {
  const verification = await verifyTranscript(dir)
  if (!verification.ok) {
    const [finding] = verification.findings
    throw new CeremonyError('hand-over/broken', 'The transcript does not hold, so it is not handed over.', {
      found: finding ? `line ${finding.line}: ${finding.rule}: ${finding.found}` : verification.verdict,
      expected: 'a transcript that `ceremony verify` passes',
      advice: `See all of it by: ceremony verify ${dir}. Then compare the folder with a copy.`,
      exitCode: 1,
    })
  }
  const { history } = await readStanding(readEntries(join(dir, TRANSCRIPT)))
  if (history.handedOverTo !== to) {
    const stands = history.closed ? 'the ceremony is closed' : `the baton is at ${history.station}, and no step has handed it over`
    throw new CeremonyError('hand-over/not-now', `The ceremony is not handed over to station \`${to}\`.`, {
      found: history.handedOverTo === undefined ? stands : `it is handed over to ${history.handedOverTo}`,
      expected: `a \`transfer\` step to ${to} that has begun`,
      advice: adviceOf(history, dir),
      exitCode: 2,
    })
  }
  try {
    return { sha256: writeBundle(file, filesOf(dir, verification)), entries: history.entries }
  } catch (error) {
    if (!(error instanceof StorageError) && !(error instanceof BundleError)) throw error
    throw new CeremonyError('bundle/not-written', 'The bundle could not be written.', {
      found: error.message,
      expected: `a medium that takes ${file}`,
      advice: `The ceremony is as it was. Put in a medium with room, then type the same again: ceremony hand-over ${dir} --to ${to} -o FILE`,
      exitCode: 3,
      cause: error,
    })
  }
}

function adviceOf({ closed, handedOverTo }: History, dir: string): string {
  if (closed) return 'A ceremony that is closed moves no more: copy its folder, or write a report of it.'
  if (handedOverTo !== undefined) return `Write the bundle for that station: --to ${handedOverTo}`
  return `Go on by \`ceremony resume ${dir}\` until the runbook hands it over.`
}

/** The transcript and every artifact that it names; what else lies in the folder (setup, answers, keys) stays there. */
function* filesOf(dir: string, { warnings }: Verification): Generator<BundledFile> {
  yield { name: TRANSCRIPT, bytes: readFileSync(join(dir, TRANSCRIPT)) }
  const unnamed = new Set(warnings.filter(({ rule }) => rule === 'artifact/unnamed').map(({ found }) => found))
  for (const digest of readdirSync(join(dir, 'artifacts', 'sha256')).sort()) {
    const name = `artifacts/sha256/${digest}`
    if (/^[0-9a-f]{64}$/.test(digest) && !unnamed.has(name)) yield { name, bytes: readFileSync(join(dir, name)) }
  }
}
