/** The menu behind Ctrl-C: pause, note something off script, status, abort; or, with Ctrl-C once more, stop at once. */
import type { Officer } from '../ceremony/officers-file.ts'
import { OvertakenError, type Room } from '../ceremony/people.ts'
import { type Desk, type During, LeavingError } from './desk.ts'
import { linesOfStanding } from './standing.ts'

/** What those present want, beside answering. */
export interface Wishes {
  /** To stop where nothing is under way. */
  pause: boolean
  abortion: { readonly officer: string; readonly reason: string } | undefined
}

interface Present {
  readonly room: Room | undefined
  readonly officers: readonly Officer[]
  readonly wishes: Wishes
  /** Whether an officer's own note is being signed: then there is only the way back. */
  readonly noting: boolean
}

/** @throws LeavingError, OvertakenError */
export async function openMenu(desk: Desk, during: During, { room, officers, wishes, noting }: Present): Promise<void> {
  desk.show([''])
  desk.say(`Stopped to ask. ${standsNow(room, during)}`)
  const begun = room?.history.opened !== undefined && !noting
  desk.show([
    '    Enter    go on where you were',
    '    p        pause: leave, and take the ceremony up again later',
    ...(begun
      ? ['    n        note something that is off script (an officer signs it)', '    s        status: what is done, what comes']
      : []),
    ...(begun ? ['    a        ABORT the ceremony for good'] : []),
    '    Ctrl-C   stop at once; nothing that is recorded is lost',
  ])
  const choices = begun ? ['', 'p', 'n', 's', 'a'] : ['', 'p']
  const choice = await desk.askInMenu({
    text: `Type a letter${begun ? ' (p n s a)' : ' (p)'}, or Enter to go on:`,
    check: (line) => (choices.includes(line.trim()) ? undefined : 'That is none of the letters.'),
  })
  switch (choice?.trim()) {
    case undefined:
      return desk.stop('stopped by Ctrl-C')
    case 'p':
      return pause(desk, during, wishes)
    case 'n':
      return note(desk, during, room!, officers)
    case 's':
      return desk.show(linesOfStanding(room!, desk.width))
    case 'a':
      return abort(desk, officers, wishes)
  }
}

function standsNow(room: Room | undefined, during: During): string {
  if (!room?.history.opened) return 'Nothing is in the transcript yet.'
  const { open } = room.history
  if (during === 'signing') return 'What waits for signatures is kept; it is not in the transcript yet.'
  if (!open) return 'Everything up to here is in the transcript; nothing is under way.'
  return `The step \`${open.intent.step}\` is under way; everything before it is in the transcript.`
}

async function pause(desk: Desk, during: During, wishes: Wishes): Promise<void> {
  if (during === 'step')
    desk.say('The step that is under way ends first; if it needs your answer, it fails, and is tried again when you resume.')
  wishes.pause = true
  throw new LeavingError('pause')
}

async function note(desk: Desk, during: During, room: Room, officers: readonly Officer[]): Promise<void> {
  const officer = await whichOfficer(desk, officers, 'Who notes it?')
  const text = officer && (await desk.askInMenu({ text: 'What is off script? One line, Enter alone to leave it:', kept: true }))
  if (!officer || !text?.trim()) return desk.say('Nothing was noted.')
  await room.note(officer, text.trim())
  desk.say(`Noted by ${officer}; it is in the transcript.`)
  // What was being signed now stands behind the note.
  if (during === 'signing') {
    desk.say('What was being signed is signed from the start, because it now stands behind the note.')
    throw new OvertakenError('noted meanwhile')
  }
}

async function abort(desk: Desk, officers: readonly Officer[], wishes: Wishes): Promise<void> {
  desk.say('Aborting ends this ceremony for good: it cannot be resumed. What was done stays done. A quorum signs it.')
  const officer = await whichOfficer(desk, officers, 'Who asks for it?')
  const reason = officer && (await desk.askInMenu({ text: 'Why? One line, Enter alone to leave it:', kept: true }))
  const word = reason?.trim() && (await desk.askInMenu({ text: 'Type the word "abort" to end the ceremony, anything else to go on:' }))
  if (!officer || word !== 'abort') return desk.say('Not aborted.')
  wishes.abortion = { officer, reason: reason!.trim() }
  throw new LeavingError('abort')
}

async function whichOfficer(desk: Desk, officers: readonly Officer[], question: string): Promise<string | undefined> {
  desk.show(officers.map(({ name }, index) => `    ${index + 1}  ${name}`))
  const line = await desk.askInMenu({
    text: `${question} Number, Enter alone to leave it:`,
    check: (line) => (line.trim() === '' || officers[Number(line.trim()) - 1] ? undefined : `A number from 1 to ${officers.length}.`),
  })
  return line === undefined ? undefined : officers[Number(line.trim()) - 1]?.name
}
