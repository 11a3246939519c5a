/**
 * What the nShield tools ask for while they write and read cards, and what is answered: cards by people's hands, passphrases by
 * the officers who hold the cards. Only the reader in slot 0 is used; tools list the empty remote slots of larger models as well.
 */
import type { Answer, CommandResult } from '@ceremony/engine/plugin'

const AT_SLOT = '^ ?Module \\d+ slot (?<slot>0): '
const END = '\\r?\\n'
const NEW_PASSPHRASE = 'slot 0:- enter new passphrase for card #(?<card>\\d+): '
const CONFIRM_PASSPHRASE = 'slot 0:- confirm new passphrase for card #(?<card>\\d+): '
const BLANK = 'blank card|unformatted card'
const PASSPHRASE = 'slot 0:- enter passphrase for card #(?<card>\\d+): '

/** What cards are called: in the names of their passphrases, and when they are asked for. */
interface Naming {
  /** `administrator-card` or `operator-card/<card set>` */
  readonly secret: string
  /** "administrator card" or "operator card of `contoso'" */
  readonly card: string
}

export const ADMINISTRATOR_CARDS: Naming = { secret: 'administrator-card', card: 'administrator card' }

/** @returns how the cards of that set are called */
export function operatorCards(cardSet: string): Naming {
  return { secret: `operator-card/${cardSet}`, card: `operator card of \`${cardSet}'` }
}

/** Rules for a tool that has blank cards put in and writes to them. */
export function whileWriting(naming: Naming): Answer[] {
  return [...writing(naming), { when: otherThan(BLANK), give: remove }]
}

/** Rules for a tool that first reads an administrator card, to be allowed to, and then writes to blank ones. */
export function whileWritingAuthorized(naming: Naming): Answer[] {
  const administrator = 'Admin Card #\\d+'
  const authorize = insert({ kind: 'administrator' }, `any ${ADMINISTRATOR_CARDS.card}`)
  return [
    { when: `cards? of \\d+ read${END} ?Module \\d+ slot (?<slot>0): empty${END}`, give: authorize },
    ...passphrases(ADMINISTRATOR_CARDS),
    { when: `cards? of \\d+ written${END} ?Module \\d+ slot (?<slot>0): (?<words>${administrator})${END}`, give: remove },
    ...writing(naming),
    { when: otherThan(`${BLANK}|${administrator}`), give: remove },
  ]
}

function writing(naming: Naming): Answer[] {
  const secret = `${naming.secret}/$<card>`
  const ask = `New passphrase of ${naming.card}, number $<card>`
  return [
    { when: `${AT_SLOT}empty${END}`, give: insert({ kind: 'blank' }, 'a blank card') },
    { when: NEW_PASSPHRASE, give: { secret, ask } },
    { when: CONFIRM_PASSPHRASE, give: { secret, ask: `${ask}, once more` } },
    { when: `slot 0:- passphrases do not match${END}.*${NEW_PASSPHRASE}`, give: { secret, ask }, wrong: true },
  ]
}

/** Rules for a tool that has cards of one operator card set put in and reads them. */
export function whileReading(cardSet: string): Answer[] {
  const naming = operatorCards(cardSet)
  return [
    { when: `${AT_SLOT}empty${END}`, give: insert({ kind: 'operator', cardset: cardSet }, `the next ${naming.card}`) },
    { when: otherThan(`\`${cardSet}' #\\d+`), give: remove },
    ...passphrases(naming),
  ]
}

function passphrases(naming: Naming): Answer[] {
  const give = { secret: `${naming.secret}/$<card>`, ask: `Passphrase of ${naming.card}, number $<card>` }
  return [
    { when: PASSPHRASE, give },
    { when: `slot 0:- wrong passphrase for card #\\d+${END}.*${PASSPHRASE}`, give, wrong: true },
  ]
}

/** What is in the slot when it is neither empty nor what the tool waits for. */
function otherThan(fitting: string): string {
  return `${AT_SLOT}(?!(empty|${fitting})${END})(?<words>[^\\r\\n]+)${END}`
}

const remove = {
  hands: 'remove-card',
  ask: 'Take the card out of slot $<slot> ($<words>)',
  details: { slot: '$<slot>', card: '$<words>' },
} as const

function insert(details: Readonly<Record<string, string>>, what: string) {
  return { hands: 'insert-card', ask: `Put ${what} into slot $<slot>`, details: { slot: '$<slot>', ...details } }
}

/** @returns how many cards the tool wrote before it ended */
export function cardsWritten({ stdout }: CommandResult): number {
  return stdout.split(':- passphrase specified - writing card').length - 1
}

/** @returns how many cards the tool read before it ended */
export function cardsRead({ stdout }: CommandResult): number {
  return stdout.split(':- passphrase supplied - reading card').length - 1
}
