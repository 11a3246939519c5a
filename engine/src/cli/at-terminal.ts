/** Runs a ceremony with its officers at this terminal. */
import { join } from 'node:path'
import { CeremonyError } from '../ceremony/error.ts'
import { runHands } from '../ceremony/hands-program.ts'
import { findOfficers, OFFICERS, readOfficerEntries } from '../ceremony/officers-file.ts'
import type { Room } from '../ceremony/people.ts'
import type { Progress } from '../ceremony/progress.ts'
import { carryOn } from '../ceremony/session.ts'
import { readSetup } from '../ceremony/setup-file.ts'
import { Board, canMove } from '../terminal/board.ts'
import { type Desk, deskHere, hasTerminal } from '../terminal/desk.ts'
import { narrator } from '../terminal/narrator.ts'
import { peopleAtTerminal, type TerminalPeople } from '../terminal/people.ts'
import { startCompanions } from './companions.ts'

export interface AtTerminal {
  /** The officers' file or folder; the ceremony's own when left out. */
  readonly officers?: string
  /** Lines only, nothing that moves. */
  readonly plain?: boolean
  /** Folders with plugins; the project's own when left out. */
  readonly pluginFolders?: readonly string[]
  /** What is done in the room instead of going on with the steps. */
  readonly errand?: (room: Room, desk: Desk, people: TerminalPeople) => Promise<void>
}

/**
 * @param dir the ceremony's folder
 * @throws CeremonyError where it stops
 */
export async function goAtTerminal(dir: string, options: AtTerminal): Promise<void> {
  if (!hasTerminal()) throw noTerminal()
  const setup = readSetup(join(dir, 'setup.yaml'))
  const officers = await findOfficers(readOfficerEntries(options.officers ?? join(dir, OFFICERS)))
  const stopCompanions = await startCompanions(options.errand ? [] : setup.companions)
  const desk = deskHere()
  let people: TerminalPeople | undefined
  let tell: Progress | undefined
  const stopped = (): void => void desk.stop('ended by a signal')
  process.once('SIGTERM', stopped)
  process.once('SIGINT', stopped)
  const running = carryOn({
    dir,
    progress: (event) => tell?.(event),
    people: async (opened, runbook) => {
      const board = canMove(process.stdout, options.plain ?? false) ? new Board(() => people?.room) : undefined
      if (board) desk.board = board
      tell = narrator(desk, runbook, board)
      const { hands } = setup
      people = await peopleAtTerminal(desk, officers, opened, hands ? (request) => runHands(hands, request) : undefined)
      return people
    },
    ...(options.pluginFolders ? { pluginFolders: options.pluginFolders } : {}),
    ...(options.errand ? { errand: (room: Room) => options.errand!(room, desk, people!) } : {}),
  })
  try {
    await Promise.race([running, desk.stopped])
  } catch (error) {
    if (people?.wishes.pause) throw paused(dir, error)
    if (error instanceof CeremonyError || !(await isStopped(desk))) throw error
    desk.close()
    process.stderr.write(`\n${whereItStands(people?.room, dir)}\n`)
    // As after a crash: what is under way is cut off, and everything that was started ends with this process.
    process.exit(3)
  } finally {
    process.off('SIGTERM', stopped)
    process.off('SIGINT', stopped)
    desk.close()
    await stopCompanions()
  }
}

function isStopped(desk: Desk): Promise<boolean> {
  return Promise.race([desk.stopped.catch(() => true), new Promise<false>((resolve) => setImmediate(() => resolve(false)))])
}

function whereItStands(room: Room | undefined, dir: string): string {
  const open = room?.history.open
  const state = !room?.history.opened
    ? 'Nothing is in the transcript yet.'
    : open
      ? `The step \`${open.intent.step}\` was under way: when you resume, the world is asked whether it took effect.`
      : 'Nothing was under way.'
  return `Stopped. Everything recorded is safe. ${state}\nGo on with: ceremony resume ${dir}`
}

function paused(dir: string, cause: unknown): CeremonyError {
  const failed = cause instanceof CeremonyError && cause.code !== 'ceremony/paused' ? ` ${cause.message}` : ''
  return new CeremonyError('ceremony/paused', `Paused.${failed}`, {
    found: 'the wish of those present',
    expected: 'the ceremony to be taken up again',
    advice: `Everything up to here is in the transcript. Go on with: ceremony resume ${dir}`,
    exitCode: 3,
    cause,
  })
}

/** @returns what is said where nobody can type */
export function noTerminal(): CeremonyError {
  return new CeremonyError('terminal/none', 'Officers need a terminal: passphrases are typed, not piped.', {
    found: 'standard input or standard error that is none',
    expected: 'to be started at a terminal',
    advice: 'Start it at a terminal; or, to rehearse without people, give --unattended FILE.',
    exitCode: 2,
  })
}
