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
export interface Naming {
  /** `administrator-card` or `operator-card/<card set>` */
  readonly secret: string
  /** "administrator card" or "operator card of `contoso'" */
  readonly card: string
}

export const ADMINISTRATOR_CARDS: Naming = { secret: 'administrator-card', card: 'administrator card' }
const NEW_ADMINISTRATOR_CARDS: Naming = { secret: 'new-administrator-card', card: 'new administrator card' }
const ADMINISTRATOR = 'Admin Card #\\d+'

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
  const authorize = insert({ kind: 'administrator' }, `any ${ADMINISTRATOR_CARDS.card}`)
  return [
    { when: `cards? of \\d+ read${END} ?Module \\d+ slot (?<slot>0): empty${END}`, give: authorize },
    ...passphrases(ADMINISTRATOR_CARDS),
    { when: `cards? of \\d+ written${END} ?Module \\d+ slot (?<slot>0): (?<words>${ADMINISTRATOR})${END}`, give: remove },
    ...writing(naming),
    { when: otherThan(`${BLANK}|${ADMINISTRATOR}`), give: remove },
  ]
}

/**
 * Rules for a tool that reads a quorum of the administrator cards in force and then writes a new set to blank cards. Read cards are
 * exchanged, not taken out, so that an empty slot means that a blank card is wanted; whoever took out a wrong card sees in the tool's
 * own words which one it waits for.
 */
export function whileReplacingAdministrators(): Answer[] {
  const next = insert({ kind: 'administrator' }, `the next ${ADMINISTRATOR_CARDS.card}`)
  return [
    { when: `cards? of \\d+ read${END} ?Module \\d+ slot (?<slot>0): empty${END}`, give: next },
    { when: `${AT_SLOT}${ADMINISTRATOR}: already read${END}`, give: next },
    ...passphrases(ADMINISTRATOR_CARDS),
    { when: `cards? of \\d+ written${END} ?Module \\d+ slot (?<slot>0): (?<words>${ADMINISTRATOR})${END}`, give: remove },
    ...writing(NEW_ADMINISTRATOR_CARDS, 'a blank card (an administrator card while cards are still being read)'),
    { when: otherThan(`${BLANK}|${ADMINISTRATOR}(: already read)?`), give: remove },
  ]
}

function writing(naming: Naming, wanted = 'a blank card'): Answer[] {
  const secret = `${naming.secret}/$<card>`
  const ask = `New passphrase of ${naming.card}, number $<card>`
  return [
    { when: `${AT_SLOT}empty${END}`, give: insert({ kind: 'blank' }, wanted) },
    { when: NEW_PASSPHRASE, give: { secret, ask } },
    { when: CONFIRM_PASSPHRASE, give: { secret, ask: `${ask}, once more` } },
    { when: `slot 0:- passphrases do not match${END}.*${NEW_PASSPHRASE}`, give: { secret, ask }, wrong: true },
  ]
}

/** Rules for a tool that has cards of one operator card set put in and reads them. */
export function whileReading(cardSet: string): Answer[] {
  return reading(operatorCards(cardSet), `\`${cardSet}' #\\d+`, { kind: 'operator', cardset: cardSet })
}

/** Rules for a tool that has administrator cards put in and reads them. */
export function whileReadingAdministrators(): Answer[] {
  return reading(ADMINISTRATOR_CARDS, ADMINISTRATOR, { kind: 'administrator' })
}

function reading(naming: Naming, fitting: string, details: Readonly<Record<string, string>>): Answer[] {
  return [
    { when: `${AT_SLOT}empty${END}`, give: insert(details, `the next ${naming.card}`) },
    { when: otherThan(fitting), give: remove },
    ...passphrases(naming),
  ]
}

/** Rules for a tool that tries the passphrase of the card in the slot. */
export function passphrases(naming: Naming): Answer[] {
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
