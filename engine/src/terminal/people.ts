/** The people in the room, as a ceremony sees them: at one terminal, each with a key of their own. */
import { CeremonyError } from '../ceremony/error.ts'
import type { Officer } from '../ceremony/officers-file.ts'
import type { Decision, Doubt, People, Room } from '../ceremony/people.ts'
import { MIN_PASSPHRASE } from '../officer/key-file.ts'
import type { HandsRequest } from '../plugin/contract.ts'
import { instanceName, type OfficerIdentity, type Opened } from '../transcript/entry.ts'
import type { Desk } from './desk.ts'
import { LeavingError } from './desk.ts'
import { labelled, wrap } from './layout.ts'
import { openMenu, type Wishes } from './menu.ts'
import { recordAtDesk } from './record.ts'
import { rollCall } from './roll-call.ts'
import { signAtDesk } from './signing.ts'

/** Does on a twin what hands do to the real thing; see `hands` of the setup. @returns what kept it from being done */
export type TwinHands = (request: HandsRequest) => Promise<string | undefined>

export interface TerminalPeople extends People {
  /** Names of those in the room. */
  readonly present: ReadonlySet<string>
  readonly wishes: Wishes
  readonly room: Room | undefined
}

/**
 * Calls the roll.
 * @param opened the opening entry of a ceremony that is taken up again
 * @throws CeremonyError `officers/others` when the keys are not those that the ceremony was opened with
 */
export async function peopleAtTerminal(
  desk: Desk,
  officers: readonly Officer[],
  opened: Opened | undefined,
  twin?: TwinHands,
): Promise<TerminalPeople> {
  const taking = opened ? takingPart(officers, opened) : officers
  const wishes: Wishes = { pause: false, abortion: undefined }
  let room: Room | undefined
  let noting = false
  desk.menu = (during) => openMenu(desk, during, { room, officers: taking.filter(({ name }) => present.has(name)), wishes, noting })
  desk.refuse = (line) => refusePassphrase(line, taking)
  let present: ReadonlySet<string> = new Set()
  present = await rollCall(desk, taking, opened !== undefined)
  const here = taking.filter(({ name }) => opened !== undefined || present.has(name))
  const identities: OfficerIdentity[] = here.map(({ name, roles, key }) => ({ name, roles, keyid: key.keyid, public_key: key.publicKey }))

  return {
    unattended: false,
    officers: identities,
    present,
    wishes,
    get room() {
      return room
    },
    get abortion() {
      return wishes.abortion
    },
    enter(entered) {
      room = entered
    },
    async sign(request) {
      if (request.only === undefined) return signAtDesk(desk, request, here, present)
      noting = true
      try {
        return await signAtDesk(wishes.abortion ? desk : desk.inMenu, request, here, present)
      } finally {
        noting = false
      }
    },
    async secret({ ask }, attempt) {
      if (wishes.pause || wishes.abortion) return undefined
      if (attempt > 1) desk.say('What was given before was wrong.')
      return unlessLeaving(
        () =>
          desk.ask({
            text: `${ask} (hidden):`,
            during: 'step',
            hidden: true,
            check: (line) => (line === '' ? 'It cannot be empty.' : undefined),
          }),
        undefined,
      )
    },
    async hands(request) {
      if (wishes.pause || wishes.abortion) return { done: false, reason: 'those present want to stop' }
      return unlessLeaving(() => haveDone(desk, request, twin), { done: false as const, reason: 'those present want to stop' })
    },
    async instruct(_step, text, schema) {
      desk.show(['', ...labelled('DO THIS', text, desk.width)])
      if (schema) return recordAtDesk(desk, schema)
      await desk.ask({
        text: 'Type "done" when it is done:',
        during: 'step',
        check: (line) => (line.trim() === 'done' ? undefined : 'Type "done" once it is done. Ctrl-C opens the menu: pause, note, abort.'),
      })
      return null
    },
    async waive(what, found) {
      desk.show(['', ...labelled('NOT AS IT SHOULD BE', '', desk.width), ...wrap(`${what}: ${found}`, desk.width, '    ')])
      desk.say(
        'Mend it now and resume, or go on in spite of it: everyone who takes part must sign, and the reason is in the transcript for ever.',
      )
      const line = await desk.ask({
        text: 'Type "stop" to stop here, or the reason to go on nevertheless:',
        kept: true,
        during: 'rest',
        check: (line) => (line.trim() === 'stop' || line.trim().length >= 8 ? undefined : 'Type "stop", or a reason in a few words.'),
      })
      return line.trim() === 'stop' ? undefined : line.trim()
    },
    decide: (doubt) => decide(desk, doubt),
    async atRest() {
      if (wishes.abortion) throw new LeavingError('abort')
      if (wishes.pause) throw new LeavingError('pause')
    },
  }
}

/** Under stress a passphrase is soon typed where it shows. It is on the screen then, but it must not go into the transcript. */
async function refusePassphrase(line: string, officers: readonly Officer[]): Promise<string | undefined> {
  for (const { name, key } of officers) {
    if (key.unlockedBy !== 'passphrase' || line.length < MIN_PASSPHRASE) continue
    const opens = await key.sign(new Uint8Array(), line).then(
      () => true,
      () => false,
    )
    if (opens)
      return `That is the passphrase of ${name}, and now it is on the screen. It was not written down. Clear the screen, and change it after the ceremony.`
  }
  return undefined
}

/** The officers of a ceremony that was opened before, in its order, with the keys that the officers' file names. */
function takingPart(officers: readonly Officer[], opened: Opened): Officer[] {
  return opened.officers.map(({ name, roles, keyid }) => {
    const officer = officers.find((candidate) => candidate.key.keyid === keyid)
    if (officer) return { ...officer, name, roles }
    throw new CeremonyError('officers/others', `The key of ${name} is not among the officers’ keys.`, {
      found: officers.map((other) => `${other.name} ${other.key.keyid.slice(0, 16)}…`).join(', '),
      expected: `${name} with the key ${keyid}, as at the opening`,
      advice: 'Give the officers’ file of this ceremony with --officers.',
      exitCode: 2,
    })
  })
}

async function unlessLeaving<T>(ask: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof LeavingError) return otherwise
    throw error
  }
}

async function haveDone(desk: Desk, request: HandsRequest, twin: TwinHands | undefined) {
  for (;;) {
    desk.show(['', ...labelled('WITH YOUR HANDS', '', desk.width), ...wrap(request.ask, desk.width, '    ')])
    const line = await desk.ask({
      text: 'Press Enter when it is done, or type "cannot":',
      during: 'step',
      check: (line) => (['', 'cannot'].includes(line.trim()) ? undefined : 'Press Enter alone when it is done, or type the word "cannot".'),
    })
    if (line.trim() === 'cannot') return { done: false as const, reason: `those present cannot do it: ${request.ask}` }
    const obstacle = await twin?.(request)
    if (obstacle === undefined) return { done: true as const }
    desk.say(`The twin says: ${obstacle}`)
  }
}

async function decide(desk: Desk, { step, instance, says, facts }: Doubt): Promise<Decision | undefined> {
  const name = instanceName(step, instance)
  desk.show([
    '',
    ...labelled('IN DOUBT', `\`${name}\` was interrupted, and the world does not show whether it took effect.`, desk.width),
    ...labelled('Meant to do', says, desk.width),
    ...labelled('Found', facts, desk.width),
  ])
  desk.say(
    'Go and look. If it took effect and you say that it did not, it is done a second time; if it did not and you say that it did, it is never done.',
  )
  const verdict = await desk.ask({
    text: 'Type "took effect", "did not", or "leave" to stop and find out:',
    during: 'rest',
    check: (line) => (['took effect', 'did not', 'leave'].includes(line.trim()) ? undefined : 'One of the three, in these words.'),
  })
  if (verdict.trim() === 'leave') return undefined
  const seen = await desk.ask({
    text: 'What have you seen that shows it? One line:',
    kept: true,
    during: 'rest',
    check: (line) => (line.trim().length >= 8 ? undefined : 'In a few words.'),
  })
  return { verdict: verdict.trim() === 'did not' ? 'not-done' : 'done', facts: `${facts}; the officers saw: ${seen.trim()}` }
}
