/**
 * Takes a ceremony over from another station: what a bundle holds is laid aside, verified, held against what this station
 * knows, and only then put into the ceremony's folder. The station's signature under `received` takes the baton.
 */
import { existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ceremonyClock } from '../capability/clock.ts'
import { BundleError, readBundle } from '../station/bundle.ts'
import { receivedInto, rememberReceived } from '../station/received.ts'
import { syncFolder, writeDurably } from '../transcript/files.ts'
import type { History } from '../transcript/history.ts'
import { lockFolder } from '../transcript/lock.ts'
import { storing } from '../transcript/storage-error.ts'
import { artifactPath, readArtifact, readEntries, TRANSCRIPT, TranscriptStore } from '../transcript/store.ts'
import { verifyTranscript } from '../transcript/verify.ts'
import { CeremonyError } from './error.ts'
import { SigningLedger } from './ledger.ts'
import { commonCourse, describe } from './same-course.ts'
import { readSetup, type Setup } from './setup-file.ts'
import { readStanding } from './standing.ts'
import { openStations, type Stations } from './stations.ts'
import { stopped } from './stopped.ts'

export interface ReceivedCeremony {
  readonly station: string
  readonly from: string
  readonly entries: number
  /** SHA-256, hex, of the last line that came in the bundle. */
  readonly head: string
  /** Whether this bundle had been received before, so that nothing was done. */
  readonly already: boolean
}

/**
 * @param bundle the file that `handOver` wrote
 * @param dir the ceremony's folder at this station, with its `setup.yaml`
 * @throws CeremonyError `bundle/…`, `receive/…` saying why it is not taken; the folder is then as it was
 */
export async function receive(bundle: string, dir: string): Promise<ReceivedCeremony> {
  const setup = readSetup(join(dir, 'setup.yaml'))
  const aside = join(dir, 'receiving')
  try {
    layAside(bundle, aside)
    const { history, head } = await verified(aside)
    const stations = await checkStations(history, setup)
    const place = { dir, aside, head, station: history.handedOverTo!, from: history.station, entries: history.entries }
    if (await isReceived(place)) return { ...place, already: true }
    takeHere(place, setup)
    await putInPlace(dir, aside, history)
    await takeBaton(dir, setup, stations)
    return { ...place, already: false }
  } catch (error) {
    throw stopped(error, dir)
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

/** Writes what is in the bundle, and fits, into a folder of its own. */
function layAside(bundle: string, aside: string): void {
  try {
    storing(aside, () => {
      rmSync(aside, { recursive: true, force: true })
      mkdirSync(artifactPath(aside, ''), { recursive: true, mode: 0o700 })
    })
    readBundle(bundle, ({ name, bytes }) => storing(join(aside, name), () => writeDurably(join(aside, name), bytes)))
  } catch (error) {
    const unreadable = error instanceof Error && (error as NodeJS.ErrnoException).path === bundle
    if (!(error instanceof BundleError) && !unreadable) throw error
    throw new CeremonyError('bundle/unfit', `${bundle} is not a bundle that can be used.`, {
      found: (error as Error).message,
      expected: 'a file that `ceremony hand-over` wrote, whole and unaltered',
      advice: 'Have the other station write it again, and compare its digest. Nothing was changed.',
      exitCode: 1,
      cause: error,
    })
  }
}

async function verified(aside: string): Promise<{ history: History; head: string }> {
  const { ok, findings, verdict, head } = await verifyTranscript(aside)
  if (!ok) {
    throw new CeremonyError('bundle/does-not-hold', 'The transcript in the bundle does not hold.', {
      found: findings.map(({ line, rule, found }) => `line ${line}: ${rule}: ${found}`).join('\n') || verdict,
      expected: 'a transcript that `ceremony verify` passes',
      advice: 'Do not go on with it. Find out who had the medium, and verify the transcript at the other station. Nothing was changed.',
      exitCode: 1,
    })
  }
  const { history } = await readStanding(readEntries(join(aside, TRANSCRIPT)))
  return { history, head: head! }
}

/** The keys must be those that this station was told of, and the baton must be for it. */
async function checkStations(history: History, setup: Setup): Promise<Stations> {
  const { handedOverTo, opened } = history
  const named = opened!.stations
  const stations = await openStations(setup, Object.keys(named))
  const strangers = Object.keys(named).filter((name) => named[name]!.keyid !== stations.known[name]!.keyid)
  if (strangers.length > 0) {
    throw new CeremonyError('receive/stranger', 'The ceremony in the bundle names other stations than this one knows.', {
      found: strangers.map((name) => `${name}: ${named[name]!.keyid}`).join('\n'),
      expected: strangers.map((name) => `${name}: ${stations.known[name]!.keyid}`).join('\n'),
      advice: 'Compare the fingerprints with the paper. Correct the setup only if the paper says so. Nothing was changed.',
      exitCode: 1,
    })
  }
  if (handedOverTo === undefined || !stations.own[handedOverTo]) {
    throw new CeremonyError('receive/not-for-us', 'The bundle is not for this station.', {
      found: handedOverTo === undefined ? 'a ceremony that is not handed over' : `handed over to ${handedOverTo}`,
      expected: `handed over to ${Object.keys(stations.own).join(' or ') || 'a station whose key is here'}`,
      advice: handedOverTo === undefined ? 'Have the other station write the bundle again.' : `Carry it to ${handedOverTo}.`,
      exitCode: 1,
    })
  }
  return stations
}

/**
 * @returns whether this very hand-over was received before
 * @throws CeremonyError `bundle/old`, and as `commonCourse` does
 */
async function isReceived({ dir, aside, station }: { dir: string; aside: string; station: string }): Promise<boolean> {
  const [own, bundled] = [join(dir, TRANSCRIPT), join(aside, TRANSCRIPT)]
  if (!existsSync(own)) return false
  const common = await commonCourse(own, bundled)
  if (!common.ownIsLonger) return false
  let later: Parameters<typeof describe>[0] | undefined
  let last: typeof later
  for await (const entry of readEntries(own)) {
    if (entry.line > common.lines && entry.statement.predicate.kind === 'handed-over') later = entry
    last = entry
  }
  if (!later) return true
  throw new CeremonyError('bundle/old', `The bundle is older than what ${station} has.`, {
    found: `${common.lines} lines in the bundle, all of them here already; here it went on to line ${last!.line}: ${describe(last!)}`,
    expected: `a bundle that goes on from line ${last!.line}`,
    advice: `Take the newest bundle: since this one, line ${later.line} handed the ceremony on. Nothing was changed.`,
    exitCode: 1,
  })
}

/**
 * From two folders of one station two would go on from the same point, and only the next station would see it.
 * @throws CeremonyError `receive/elsewhere`
 */
function takeHere({ dir, head, station }: { dir: string; head: string; station: string }, setup: Setup): void {
  const { key } = setup.stations[station] as { key: string }
  const other = receivedInto(key, head)
  if (other !== undefined && other !== realpathSync(dir) && existsSync(join(other, TRANSCRIPT))) {
    throw new CeremonyError('receive/elsewhere', `${station} received this hand-over before, into another folder.`, {
      found: other,
      expected: dir,
      advice: `Go on there: ceremony resume ${other}\nOnly if that folder is of no use any more, move it away and receive the bundle again. Nothing was changed.`,
      exitCode: 1,
    })
  }
  storing(key, () => rememberReceived(key, head, dir))
}

/** Artifacts first, then the transcript that names them, in one move. */
async function putInPlace(dir: string, aside: string, history: History): Promise<void> {
  storing(dir, () => {
    const unlock = lockFolder(dir)
    try {
      mkdirSync(artifactPath(dir, ''), { recursive: true })
      for (const digest of readdirSync(artifactPath(aside, ''))) renameSync(artifactPath(aside, digest), artifactPath(dir, digest))
      for (const folder of [artifactPath(dir, ''), join(dir, 'artifacts'), dir, dirname(dir)]) syncFolder(folder)
      const runbook = join(dir, 'runbook.yaml')
      if (!existsSync(runbook)) writeDurably(runbook, readArtifact(dir, history.opened!.runbook.sha256)!)
      renameSync(join(aside, TRANSCRIPT), join(dir, TRANSCRIPT))
      syncFolder(dir)
    } finally {
      unlock()
    }
  })
}

async function takeBaton(dir: string, setup: Setup, stations: Stations): Promise<void> {
  const store = await TranscriptStore.open(dir)
  try {
    const { history, lastTime } = await readStanding(store.entries())
    const ledger = new SigningLedger({
      store,
      history,
      clock: ceremonyClock(setup.clock.origin, setup.clock.scale),
      people: NOBODY,
      stations: stations.own,
      ceremony: history.ceremony,
      mode: setup.mode,
      lastTime,
    })
    await ledger.write({ kind: 'received', from: history.station }, history.handedOverTo!)
  } finally {
    store.close()
  }
}

/** Officers sign nothing here. */
const NOBODY = { officers: [], sign: async () => [] }
