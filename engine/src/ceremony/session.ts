/**
 * A ceremony's folder, opened for work: `transcript.intoto.jsonl`, `artifacts/`, `runbook.yaml`, `setup.yaml` and, when it
 * runs unattended, the answers. Begins a ceremony, or takes it up again where it was left.
 */
import { join } from 'node:path'
import { ulid } from 'ulid'
import { ceremonyClock } from '../capability/clock.ts'
import { openDoors } from '../capability/doors.ts'
import type { LiveHttp } from '../capability/http.ts'
import { Recording } from '../capability/recording.ts'
import type { CloudSetup } from '../capability/setup.ts'
import { PluginError } from '../plugin/contract.ts'
import { checkRunbook } from '../runbook/check.ts'
import type { Runbook } from '../runbook/model.ts'
import { closingQuorum, decidingQuorum } from '../runbook/word.ts'
import type { Opened, Statement } from '../transcript/entry.ts'
import type { History } from '../transcript/history.ts'
import { TranscriptStore } from '../transcript/store.ts'
import { CeremonyError } from './error.ts'
import { stationEvidence } from './evidence.ts'
import { requireClock, requireRoom } from './fit.ts'
import { ANSWERS, RUNBOOK, SETUP } from './folder.ts'
import { SigningLedger, type SignOff } from './ledger.ts'
import { open, runsWithNow } from './opening.ts'
import type { People, Room } from './people.ts'
import { Plugins } from './plugins.ts'
import type { Progress } from './progress.ts'
import { abortCeremony, note, runCeremony, transferTo } from './run.ts'
import { readRunbook, refuseErrors } from './runbook-file.ts'
import { readSetup, type Setup } from './setup-file.ts'
import { readStanding } from './standing.ts'
import { openStations, requireBaton } from './stations.ts'
import type { Stage } from './step.ts'
import { stopped } from './stopped.ts'
import { unattendedPeople } from './unattended.ts'
import { refuseChanges } from './unchanged.ts'

const EXCHANGES = 'exchanges.open.jsonl'

export interface Where {
  readonly dir: string
  readonly progress: Progress
  /** Folders with plugins; the project's own when left out. */
  readonly pluginFolders?: readonly string[]
  /**
   * Finds the people in the room; left out where their answers come from a file.
   * @param opened the opening entry of a ceremony that is taken up again
   */
  readonly people?: (opened: Opened | undefined, runbook: Runbook) => Promise<People>
  /** What is done in the room instead of going on with the steps. */
  readonly errand?: (room: Room) => Promise<void>
}

/**
 * Runs the ceremony in a prepared folder to its end: from the beginning, or from where it was left.
 * @throws CeremonyError where it stops
 */
export async function carryOn(where: Where): Promise<void> {
  const { dir, progress } = where
  const setup = readSetup(join(dir, SETUP))
  const runbook = readRunbook(join(dir, RUNBOOK))
  const plugins = await Plugins.start(Object.keys(runbook.plugins), where.pluginFolders, (text) => progress({ kind: 'log', text })).catch(
    pluginsFailed,
  )
  let store: TranscriptStore | undefined
  let http: Promise<LiveHttp> | undefined
  try {
    refuseErrors(checkRunbook(runbook, plugins.descriptions()))
    store = await TranscriptStore.open(dir)
    const clock = ceremonyClock(setup.clock.origin, setup.clock.scale)
    const { history, lastTime } = await readStanding(store.entries())
    const stations = await openStations(setup, Object.keys(runbook.stations))
    const baton = () => requireBaton(history, runbook, stations, dir)
    baton()
    requireRoom(dir)
    requireClock(clock.now(), lastTime, setup.clock.scale)
    const pending = await store.takePending()
    const opened = history.opened ?? (pending?.predicate.kind === 'opened' ? pending.predicate : undefined)
    const people = await (where.people ? where.people(opened, runbook) : openPeople(dir, setup))
    const runsWith = runsWithNow(setup, runbook, plugins, stations, people)
    if (history.opened) refuseChanges(history.opened, runsWith)
    const ceremony = history.ceremony || pending?.predicate.ceremony || ulid(clock.now())
    const ledger = new SigningLedger({ store, history, clock, people, stations: stations.own, ceremony, mode: setup.mode, lastTime })
    const keep = store
    const recording = new Recording(join(dir, EXCHANGES))
    const surroundings = {
      clock,
      people,
      hsm: setup.hsm,
      http: setup.cloud ? () => (http ??= openHttp(setup.cloud!, people)) : null,
      onOutput: (text: string) => progress({ kind: 'output', text }),
    }
    const stage: Stage = {
      runbook,
      plugins,
      people,
      history,
      ledger,
      progress,
      recording,
      openDoors: (needs, artifacts) => openDoors(needs, { ...surroundings, artifacts }, recording),
      evidence: () => stationEvidence(dir, setup, clock.now(), ledger.lastTime),
      clock,
      artifacts: {
        put: async (name, bytes) => ({ name, sha256: await keep.putArtifact(bytes), size: bytes.length }),
        get: async ({ sha256 }) => keep.getArtifact(sha256),
      },
      keepExchanges: async (recorded) => (recorded ? { sha256: await keep.putArtifact(recorded.bytes), count: recorded.count } : null),
      transfer: (to) => transferTo(stage, to),
      requireBaton: baton,
    }
    const room: Room = { runbook, history, note: (officer, text) => note(ledger, history.station, officer, text) }
    people.enter?.(room)
    if (where.errand) {
      await where.errand(room)
      // What still waits for signatures now stands behind what was written.
      if (pending) ledger.restate(pending, signOffOf(pending, runbook, history))
      return
    }
    const go = async (): Promise<void> => {
      if (pending) await ledger.append(pending, signOffOf(pending, runbook, history))
      // An entry that was signed late names its recording now.
      if (pending?.predicate.kind === 'resolution') recording.discard()
      if (!history.opened) await open(stage, runsWith, people, keep)
      await runCeremony(stage)
    }
    await go().catch(async (error: unknown) => {
      const { abortion } = people
      if (!abortion || !history.opened) throw error
      await abortCeremony(stage, abortion)
      throw aborted(abortion.reason)
    })
  } catch (error) {
    throw stopped(error, dir)
  } finally {
    await plugins.stop()
    ;(await http)?.close()
    await store?.close()
  }
}

function aborted(reason: string): CeremonyError {
  return new CeremonyError('ceremony/aborted', 'The ceremony was aborted; this is its last entry.', {
    found: reason,
    expected: 'every step to be done',
    advice: 'Verify and keep the transcript. What was done up to here stays done; begin a new ceremony for what is left.',
    exitCode: 1,
  })
}

async function openPeople(dir: string, setup: Setup): Promise<People> {
  if (setup.mode === 'production') {
    throw new CeremonyError('run/production-unattended', 'A production ceremony is not run unattended.', {
      found: `\`mode: production\` in ${join(dir, SETUP)}, and answers from a file`,
      expected: 'officers at a terminal',
      advice: 'Have the officers come to a terminal: give --officers instead of --unattended.',
      exitCode: 2,
    })
  }
  return unattendedPeople(join(dir, ANSWERS))
}

/** @returns who has to sign an entry that a crash left unsigned; the same as when it was made */
function signOffOf({ predicate }: Statement, runbook: Runbook, history: History): SignOff | undefined {
  const says = `Sign what was interrupted: entry ${predicate.sequence}`
  switch (predicate.kind) {
    case 'opened':
      return { quorum: 'everyone', says }
    case 'closed':
      return { quorum: closingQuorum(runbook, predicate.result), says }
    case 'arrived':
      return predicate.waiver ? { quorum: 'everyone', says } : undefined
    case 'intent':
    case 'outcome': {
      const step = runbook.steps.find((candidate) => candidate.id === predicate.step)!
      if (predicate.kind === 'outcome') return { quorum: step.signOff.after, says }
      return {
        quorum: step.signOff.before,
        except: [...new Set(step.notSameAs.flatMap((other) => [...history.signersBefore(other)]))],
        says,
      }
    }
    case 'resolution': {
      const step = runbook.steps.find((candidate) => candidate.id === predicate.step)!
      return predicate.how === 'officers' ? { quorum: decidingQuorum(runbook, step), says } : undefined
    }
    default:
      return undefined
  }
}

async function openHttp(cloud: CloudSetup, people: People): Promise<LiveHttp> {
  const { liveHttp } = await import('../capability/http.ts')
  return liveHttp(cloud, people)
}

function pluginsFailed(error: unknown): never {
  if (!(error instanceof PluginError)) throw error
  throw new CeremonyError(error.code, error.message, {
    found: error.found,
    expected: error.expected,
    advice: error.advice,
    exitCode: 2,
    cause: error,
  })
}
