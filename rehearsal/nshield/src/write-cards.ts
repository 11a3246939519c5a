/** The dialogue in which new-world and createocs have cards put in and write a share to each. */
import { type Card, describeCard, type Identity, sealShare, writeCard } from './card.ts'
import { beginCards, cardInSlot } from './slot.ts'
import type { Terminal } from './terminal.ts'
import { say } from './tool.ts'
import type { Twin } from './twin.ts'

const LOOK_AGAIN_MS = 20

/**
 * @param shares one for each card
 * @param binding see `sealShare`
 * @throws ToolError when the person stops; the cards written so far keep what is on them
 */
export async function writeCards(
  twin: Twin,
  terminal: Terminal,
  owner: Omit<Identity, 'number'>,
  shares: readonly Uint8Array[],
  binding: Uint8Array,
): Promise<void> {
  beginCards(twin, cardInSlot(twin)?.contents === null)
  const written = new Map<string, number>()
  for (const [index, share] of shares.entries()) {
    const number = index + 1
    say(` Module 1: ${index} card${index === 1 ? '' : 's'} of ${shares.length} written`)
    const card = await blankCard(twin, terminal, written)
    const passphrase = await newPassphrase(terminal, number)
    say(' Module 1 slot 0:- passphrase specified - writing card')
    writeCard(twin, { label: card.label, contents: sealShare({ ...owner, number }, share, passphrase, binding) })
    written.set(card.label, number)
  }
  say('Card writing complete.')
}

async function blankCard(twin: Twin, terminal: Terminal, written: ReadonlyMap<string, number>): Promise<Card> {
  let seen = ''
  for (;;) {
    const card = cardInSlot(twin)
    const number = written.get(card?.label ?? '')
    const words = number === undefined ? describeCard(twin, card) : `remove already-written card #${number}`
    if (words !== seen) say(` Module 1 slot 0: ${words}`)
    seen = words
    if (card && !card.contents) return card
    await terminal.pause(LOOK_AGAIN_MS)
  }
}

async function newPassphrase(terminal: Terminal, number: number): Promise<string> {
  for (;;) {
    const first = await terminal.passphrase(` Module 1 slot 0:- enter new passphrase for card #${number}: `)
    if (first === '') {
      say(' Module 1 slot 0:- a passphrase is needed')
      continue
    }
    if ((await terminal.passphrase(` Module 1 slot 0:- confirm new passphrase for card #${number}: `)) === first) return first
    say(' Module 1 slot 0:- passphrases do not match')
  }
}
