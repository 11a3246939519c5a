/** Signatures: who gives them, what they sign in words, and the unlocking of each officer's own key. */
import { createHash } from 'node:crypto'
import { CeremonyError } from '../ceremony/error.ts'
import type { Officer } from '../ceremony/officers-file.ts'
import type { EnvelopeSignature, SignRequest } from '../ceremony/people.ts'
import { WrongSecretError } from '../officer/officer-key.ts'
import { choose } from '../officer/quorum.ts'
import { canonicalize } from '../transcript/canonical.ts'
import { type Entry, instanceName } from '../transcript/entry.ts'
import { rowsOfWords, wordsOf } from '../transcript/words.ts'
import type { Asking } from './desk.ts'
import { labelled, rowsOf } from './layout.ts'

/** Read aloud by each signer: 64 bits, more than anyone could make up in the time that it takes to look away. */
const SHORT_WORDS = 8

/**
 * @param officers all of the ceremony, in the order in which they sign
 * @param present those who are in the room
 * @returns a signature of each who signs
 * @throws CeremonyError `sign/no-quorum` when those present cannot make up the quorum
 */
export async function signAtDesk(
  desk: Asking,
  request: SignRequest,
  officers: readonly Officer[],
  present: ReadonlySet<string>,
): Promise<EnvelopeSignature[]> {
  const digest = createHash('sha256').update(canonicalize(request.statement)).digest('hex')
  const able = officers.filter(({ name }) => present.has(name) && !request.except.includes(name))
  showEntry(desk, request, digest)
  const signers = await chooseSigners(desk, request, officers, able)
  const signatures: EnvelopeSignature[] = []
  for (const [index, signer] of signers.entries()) {
    const sig = await signAs(desk, signer, request, digest)
    signatures.push({ keyid: signer.key.keyid, sig: Buffer.from(sig).toString('base64') })
    const left = signers.length - index - 1
    desk.say(`Signed by ${signer.name}.${left > 0 ? ` ${left} more to sign.` : ''}`)
  }
  return signatures
}

function showEntry(desk: Asking, { says, statement, quorum, only }: SignRequest, digest: string): void {
  const entry = statement.predicate
  const rows = aboutEntry(entry).flatMap(([name, value], index) =>
    labelled(index === 0 ? titleOf(entry) : '', `${name}: ${value}`, desk.width),
  )
  desk.show([
    '',
    ...labelled('SIGN', headingOf(entry), desk.width),
    ...labelled('What', says, desk.width),
    ...rows,
    ...labelled('Who', only ?? whoOf(quorum), desk.width),
    ...labelled('Digest', wordsOf(digest).slice(0, SHORT_WORDS).join(' '), desk.width),
  ])
}

function headingOf(entry: Entry): string {
  switch (entry.kind) {
    case 'opened':
      return 'the opening of the ceremony'
    case 'arrived':
      return `the arrival at ${entry.station}`
    case 'intent':
      return `before it is done: ${instanceName(entry.step, entry.instance)}${entry.attempt > 1 ? `, attempt ${entry.attempt}` : ''}`
    case 'outcome':
      return `what came of it: ${instanceName(entry.step, entry.instance)}`
    case 'deviation':
      return `a note by ${entry.officer}`
    case 'resolution':
      return `your word on a step in doubt: ${instanceName(entry.step, entry.instance)}`
    case 'closed':
      return entry.result === 'aborted' ? 'the ABORTION of the ceremony' : 'the end of the ceremony'
    default:
      return entry.kind
  }
}

const titleOf = (entry: Entry): string => (entry.kind === 'outcome' ? 'Outputs' : 'With')

function aboutEntry(entry: Entry): (readonly [string, string])[] {
  switch (entry.kind) {
    case 'opened':
      return [
        ['officers', entry.officers.map(({ name }) => name).join(', ')],
        ...rowsOf({ runbook: `${entry.runbook.name} version ${entry.runbook.version}, SHA-256 ${entry.runbook.sha256.slice(0, 16)}…` }),
        ['mode', entry.mode],
        ...rowsOf(entry.parameters),
      ]
    case 'intent':
      return entry.action === 'instruct' ? [] : rowsOf(entry.inputs)
    case 'outcome':
      return rowsOf(entry.outputs)
    case 'resolution':
      return rowsOf({ verdict: entry.verdict === 'done' ? 'it took effect' : 'it did not take effect, and will be done' })
    case 'closed':
      return rowsOf({ entries: entry.entries, 'steps done': entry.steps_done, notes: entry.deviations })
    default:
      return []
  }
}

function whoOf(quorum: SignRequest['quorum']): string {
  if (quorum === 'everyone') return 'everyone who takes part'
  return Object.entries(quorum)
    .map(([role, count]) => `${count} × ${role}`)
    .join(', ')
}

async function chooseSigners(
  desk: Asking,
  { quorum, only }: SignRequest,
  officers: readonly Officer[],
  able: readonly Officer[],
): Promise<readonly Officer[]> {
  if (only !== undefined) return able.filter(({ name }) => name === only)
  if (quorum === 'everyone') {
    const absent = officers.filter((officer) => !able.includes(officer))
    if (absent.length > 0) throw noQuorum(`not here: ${absent.map(({ name }) => name).join(', ')}`, 'everyone who takes part')
    return officers
  }
  const fitting = able.filter(({ roles }) => roles.some((role) => Object.hasOwn(quorum, role)))
  const seats = Object.values(quorum).reduce((sum, count) => sum + count, 0)
  const chosen = choose(fitting, quorum)
  if (!chosen) throw noQuorum(able.map(({ name, roles }) => `${name} (${roles.join(', ')})`).join('; ') || 'nobody', whoOf(quorum))
  if (fitting.length === seats) return fitting
  desk.show(fitting.map(({ name, roles }, index) => `    ${index + 1}  ${name} (${roles.join(', ')})`))
  const picked = (line: string): Officer[] | undefined => {
    const people = line
      .trim()
      .split(/[\s,]+/)
      .map((number) => fitting[Number(number) - 1])
    const isList = people.every((person) => person !== undefined) && new Set(people).size === seats && people.length === seats
    return isList && choose(people, quorum) ? fitting.filter((person) => people.includes(person)) : undefined
  }
  const line = await desk.ask({
    text: `Who signs? Type ${seats === 1 ? 'the number' : `the ${seats} numbers, with blanks between`}:`,
    during: 'signing',
    check: (line) => (picked(line) ? undefined : `It takes exactly ${seats}: ${whoOf(quorum)}. Type their numbers from the list.`),
  })
  return picked(line)!
}

/** Asks for one signature until the key opens. */
async function signAs(desk: Asking, signer: Officer, { message }: SignRequest, digest: string): Promise<Uint8Array> {
  const { name, key } = signer
  for (;;) {
    const secret = await unlocking(desk, signer, digest)
    try {
      return await key.sign(message, secret)
    } catch (error) {
      if (error instanceof WrongSecretError) {
        const what = key.unlockedBy === 'passphrase' ? `That passphrase does not open the key of ${name}.` : error.message
        desk.say(`${what} Nothing was signed. Try again.`)
        continue
      }
      desk.say(`The key of ${name} cannot be used: ${(error as Error).message}`)
      await desk.ask({ text: `Mend that (${key.where}), then press Enter to try again. Ctrl-C opens the menu.`, during: 'signing' })
    }
  }
}

/** @returns the passphrase or PIN; empty where the reader takes it */
async function unlocking(desk: Asking, { name, key }: Officer, digest: string): Promise<string> {
  const question =
    key.unlockedBy === 'reader'
      ? `${name}: type "sign", then your PIN at the card reader (Enter alone: whole digest):`
      : `${key.unlockedBy === 'PIN' ? 'PIN' : 'Passphrase'} of ${name} (hidden; Enter alone: whole digest):`
  for (;;) {
    const line = await desk.ask({ text: question, during: 'signing', hidden: key.unlockedBy !== 'reader' })
    if (line === '') showDigest(desk, digest)
    else if (key.unlockedBy !== 'reader') return line
    else if (line.trim() === 'sign') return ''
  }
}

function showDigest(desk: Asking, digest: string): void {
  const rows = rowsOfWords(digest).map((row) => `    ${row}`)
  desk.show([`    SHA-256 of what you sign (the payload of entry in the transcript):`, `    ${digest}`, ...rows])
}

function noQuorum(found: string, expected: string): CeremonyError {
  return new CeremonyError('sign/no-quorum', 'Those present cannot make up the quorum.', {
    found,
    expected,
    advice: 'Have the missing officers come, then resume. Nothing is lost: what waits for signatures is kept.',
    exitCode: 3,
  })
}
