/**
 * Replays a ceremony: the same engine and the recorded plugins run again, on the recorded exchanges, and everything they
 * produce must come out as it stands in the transcript, byte for byte. Plugins have no network, no child process, no
 * addon, no clock and no randomness but the recorded.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { type ArtifactAsk, type Artifacts, type Doors, passArtifact } from '../capability/doors.ts'
import { CeremonyError } from '../ceremony/error.ts'
import type { Evidence } from '../ceremony/evidence.ts'
import { engineIdentity } from '../ceremony/identity.ts'
import { Plugins } from '../ceremony/plugins.ts'
import { runCeremony, transferTo } from '../ceremony/run.ts'
import type { Stage } from '../ceremony/step.ts'
import { parseRunbook } from '../runbook/parse.ts'
import type { Entry, Opened } from '../transcript/entry.ts'
import { History } from '../transcript/history.ts'
import { locate, readArtifact, readEntries } from '../transcript/store.ts'
import { type Verification, verifyTranscript } from '../transcript/verify.ts'
import { type Code, type CodeUsed, codeOf } from './code.ts'
import type { Difference } from './difference.ts'
import { Abortion, EndOfTranscript, Interruption, isAbortion, RecordedLedger } from './ledger.ts'
import { type Reel, Tape } from './tape.ts'

export interface Replay {
  /** Whether everything came out as recorded. */
  readonly ok: boolean
  /** One sentence. */
  readonly verdict: string
  /** What `verify` found; a transcript that does not hold is not replayed. */
  readonly verification: Verification
  readonly entries: number
  /** Lines of recordings that were played. */
  readonly exchanges: number
  readonly plugins: Readonly<Record<string, CodeUsed>>
  /** Whether engine and dependencies are those of the day itself; others may come to other results. */
  readonly engine: { readonly recorded: Opened['engine'] | null; readonly current: Opened['engine']; readonly same: boolean }
  readonly differences: readonly Difference[]
}

export interface ReplayOptions {
  readonly trust?: string
  readonly head?: string
  /** Run the installed plugins even where they are not the recorded ones. */
  readonly withCurrentPlugins?: boolean
  /** Folders with installed plugins; the project's own when left out. */
  readonly pluginFolders?: readonly string[]
  /** How long a plugin may do nothing that can be seen before its process is ended, in milliseconds. */
  readonly patience?: number
}

const PATIENCE_MS = 60_000

/** More differences than this help nobody. */
const MAX_DIFFERENCES = 20

/**
 * @param place the ceremony's folder, or its transcript with the artifacts beside it
 * @throws CeremonyError `replay/no-code`, `replay/no-artifact`
 * @throws TrustError, Error as `verifyTranscript` does
 */
export async function replayTranscript(place: string, options: ReplayOptions = {}): Promise<Replay> {
  const { trust, head } = options
  const verification = await verifyTranscript(place, { ...(trust ? { trust } : {}), ...(head ? { head } : {}) })
  const current = engineIdentity()
  const nothing = { verification, entries: 0, exchanges: 0, plugins: {}, engine: { recorded: null, current, same: false }, differences: [] }
  if (!verification.ok) return { ok: false, verdict: 'was not replayed, because it does not verify', ...nothing }

  const { dir, file } = locate(place)
  const history = new History()
  const ledger = await RecordedLedger.open(readEntries(file), history)
  const opened = history.opened!
  let code: Code | undefined
  try {
    code = codeOf(opened, dir, {
      current: options.withCurrentPlugins ?? false,
      ...(options.pluginFolders ? { installed: options.pluginFolders } : {}),
    })
    const played = await play(ledger, history, dir, code, options.patience ?? PATIENCE_MS)
    const { engine } = opened
    const same = engine.sha256 === current.sha256 && engine.dependencies === current.dependencies
    const { differences } = ledger
    return {
      ok: differences.length === 0,
      verdict: verdictOf(differences.length, history.closed),
      verification,
      entries: history.entries,
      exchanges: played,
      plugins: code.used,
      engine: { recorded: engine, current, same },
      differences,
    }
  } finally {
    code?.remove()
    await ledger.close()
  }
}

/** @returns how many lines of recordings were played */
async function play(ledger: RecordedLedger, history: History, dir: string, code: Code, patience: number): Promise<number> {
  const artifact = (digest: string): Uint8Array => {
    const bytes = readArtifact(dir, digest)
    if (bytes) return bytes
    throw new CeremonyError('replay/no-artifact', 'An artifact of the ceremony is not here.', {
      found: `nothing at ${join(dir, 'artifacts', 'sha256', digest)}`,
      expected: 'all artifacts beside the transcript',
      advice: 'Give the ceremony’s whole folder.',
      exitCode: 1,
    })
  }
  const { runbook } = parseRunbook(artifact(history.opened!.runbook.sha256), 'runbook.yaml')
  const tape = new Tape(() => reelOf(ledger.next, artifact))
  ledger.tape = tape
  const plugins = await Plugins.start(Object.keys(code.used), code.folders, () => {})
  const stage: Stage = {
    runbook: runbook!,
    plugins,
    history,
    ledger,
    progress: () => {},
    clock: { scale: 1, now: () => tape.time, sleep: async () => {} },
    artifacts: {
      put: async (name, bytes) => ({ name, sha256: sha256(bytes), size: bytes.length }),
      get: async (wanted) => artifact(wanted.sha256),
    },
    recording: tape,
    openDoors: (_needs, artifacts) => playedDoors(tape, artifacts),
    people: {
      instruct: async () => ledger.expect('outcome').outputs,
      waive: async () => ledger.expect('arrived').waiver?.reason,
      // Those who left it in doubt came back later: the recording goes on with their next try.
      decide: async () => {
        const { next } = ledger
        return next?.kind === 'resolution' && next.how === 'officers' && tape.isAtEnd
          ? { verdict: next.verdict, facts: next.facts }
          : undefined
      },
    },
    evidence: () => ledger.expect('arrived').evidence as unknown as Evidence,
    keepExchanges: async (recorded) => recorded && { sha256: sha256(recorded.bytes), count: recorded.count },
    transfer: (to) => transferTo(stage, to),
    requireBaton: () => {},
  }
  // A plugin that neither asks nor answers would be waited for for ever: its process is ended, which is an answer.
  let seen = -1
  const watch = setInterval(() => {
    if (tape.steps === seen) void plugins.stop()
    seen = tape.steps
  }, patience)
  try {
    await follow(stage, ledger, tape)
  } finally {
    clearInterval(watch)
    await plugins.stop()
  }
  return tape.played
}

/** Runs the engine as often as it ran then: once, and again after each failure and each interruption. */
async function follow(stage: Stage, ledger: RecordedLedger, tape: Tape): Promise<void> {
  while (ledger.differences.length < MAX_DIFFERENCES) {
    const before = progressOf(stage, tape)
    try {
      await runCeremony(stage)
      if (ledger.next) ledger.departed('has nothing more to do')
      return
    } catch (error) {
      if (error instanceof EndOfTranscript) return
      if (error instanceof Abortion) return ledger.takeRest()
      const expected = error instanceof Interruption || error instanceof CeremonyError
      // Without progress it would be the same again for ever.
      if (!expected || progressOf(stage, tape) === before) return ledger.departed(`stops: ${(error as Error).message}`)
    }
  }
}

const progressOf = (stage: Stage, tape: Tape): string => `${stage.history.entries} ${tape.played}`

/** The doors of a replay: the tape answers; what concerns artifacts alone is done again beside it. */
function playedDoors(tape: Tape, artifacts: Artifacts): Doors {
  return {
    keeper: ({ id, door, request, signal }) =>
      tape.play({ id, door, request, signal }, door === 'artifact' ? () => passArtifact(artifacts, request as ArtifactAsk) : undefined),
    close: async () => tape.stop(),
  }
}

/** Finds the recording of the step that is on: the next entry, its outcome or a resolution behind an interruption, names it. */
function reelOf(next: Entry | undefined, artifact: (digest: string) => Uint8Array): Reel {
  const recorded = next?.kind === 'outcome' || next?.kind === 'resolution' ? next.exchanges : null
  const text = recorded ? Buffer.from(artifact(recorded.sha256)).toString('utf8') : ''
  return { sha256: recorded?.sha256 ?? '', lines: text.split('\n').slice(0, -1), breaksOff: next?.kind !== 'outcome' || isAbortion(next) }
}

function verdictOf(differences: number, closed: boolean): string {
  if (differences > 0) return `DIFFERS from what the code makes of the recording: ${differences} difference${differences === 1 ? '' : 's'}`
  return `came out again, byte for byte${closed ? '' : ', as far as it goes: it is not closed'}`
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
