/** Whether a bundle goes on from what a station has, or from something else. */

import { instanceName } from '../transcript/entry.ts'
import { readEntries, type StoredEntry } from '../transcript/store.ts'
import { CeremonyError } from './error.ts'

/** How far the station's own lines and those of a bundle are the same. */
export interface Common {
  readonly lines: number
  /** Whether the station has more than the bundle. */
  readonly ownIsLonger: boolean
}

/**
 * @param own the station's transcript
 * @param bundled the transcript of the bundle
 * @throws CeremonyError `bundle/fork` when two stations went on from the same point, naming the first lines that differ
 */
export async function commonCourse(own: string, bundled: string): Promise<Common> {
  const [ours, theirs] = [readEntries(own), readEntries(bundled)]
  try {
    for (let lines = 0; ; lines++) {
      const [{ value: mine }, { value: other }] = await Promise.all([ours.next(), theirs.next()])
      if (mine && other && mine.digest !== other.digest) throw fork(lines, mine, other)
      if (!mine || !other) return { lines, ownIsLonger: mine !== undefined }
    }
  } finally {
    await Promise.all([ours.return(undefined), theirs.return(undefined)])
  }
}

function fork(lines: number, mine: StoredEntry, other: StoredEntry): CeremonyError {
  const another = mine.statement.predicate.ceremony !== other.statement.predicate.ceremony
  if (another) {
    return new CeremonyError('bundle/other-ceremony', 'The bundle is of another ceremony than the one in this folder.', {
      found: `ceremony ${other.statement.predicate.ceremony}`,
      expected: `ceremony ${mine.statement.predicate.ceremony}`,
      advice: 'Choose the folder of that ceremony, or a new one. Nothing was changed.',
      exitCode: 2,
    })
  }
  return new CeremonyError('bundle/fork', 'Two stations went on from the same point: the bundle does not go on from what is here.', {
    found: `line ${mine.line} here:          ${describe(mine)}\nline ${other.line} in the bundle: ${describe(other)}`,
    expected: `the same line; the ${lines} before it are the same on both sides`,
    advice:
      'Nothing was changed. One of the two was continued from an old copy. Keep both, note who did what, and have the officers decide which one counts; only that one can be closed.',
    exitCode: 1,
  })
}

/** @returns an entry in a few words, such as people find it again by */
export function describe({ statement, digest }: StoredEntry): string {
  const { predicate } = statement
  const step = 'step' in predicate ? ` of step ${instanceName(predicate.step, predicate.instance)}` : ''
  return `${predicate.kind}${step}, by ${predicate.station} at ${predicate.time}, ${digest.slice(0, 16)}…`
}
