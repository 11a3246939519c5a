/** The dialogue in which a tool has K cards of a set put in and reads the share of each. */
import { type Contents, describeCard, openShare } from './card.ts'
import { joinShares } from './secret-split.ts'
import { beginCards, cardInSlot } from './slot.ts'
import type { Terminal } from './terminal.ts'
import { say } from './tool.ts'
import { ToolError } from './tool-error.ts'
import type { Twin } from './twin.ts'
import { openWorld, type World } from './world.ts'

const LOOK_AGAIN_MS = 20
/** A real reader makes guessing slow; this one gives up. */
const PASSPHRASE_ATTEMPTS = 10

/**
 * @param owner what the cards must belong to: hkltnso of the world or hkltu of the card set
 * @param binding see `sealShare`
 * @returns the shares of `needed` different cards
 * @throws ToolError when the person stops
 */
export async function readShares(
  twin: Twin,
  terminal: Terminal,
  owner: string,
  needed: number,
  binding: Uint8Array,
): Promise<Uint8Array[]> {
  beginCards(twin, true)
  const shares = new Map<number, Uint8Array>()
  let seen = ''
  const show = (words: string): void => {
    if (words !== seen) say(` Module 1 slot 0: ${words}`)
    seen = words
  }
  say(` Module 1: 0 cards of ${needed} read`)
  while (shares.size < needed) {
    const card = cardInSlot(twin)
    const words = describeCard(twin, card)
    const contents = card?.contents
    if (!contents || contents.owner !== owner) show(words)
    else if (shares.has(contents.number)) show(`${words}: already read`)
    else {
      show(words)
      shares.set(contents.number, await readShare(terminal, contents, binding))
      if (shares.size < needed) say(` Module 1: ${shares.size} card${shares.size === 1 ? '' : 's'} of ${needed} read`)
      continue
    }
    await terminal.pause(LOOK_AGAIN_MS)
  }
  say('Card reading complete.')
  return [...shares.values()]
}

/** Has a quorum of administrator cards read. @returns the world's key @throws ToolError when the person stops */
export async function readWorldKey(twin: Twin, terminal: Terminal, world: World): Promise<Buffer> {
  const shares = await readShares(twin, terminal, world.hkltnso, world.quorum.needed, new Uint8Array())
  const key = openWorld(world, await joinShares(shares))
  if (!key) throw new ToolError('the administrator cards do not open this security world')
  return key
}

/** @returns the card's share @throws ToolError after too many wrong passphrases, or when the person stops */
export async function readShare(terminal: Terminal, contents: Contents, binding: Uint8Array, doing = 'reading card'): Promise<Uint8Array> {
  for (let attempt = 1; attempt <= PASSPHRASE_ATTEMPTS; attempt++) {
    const passphrase = await terminal.passphrase(` Module 1 slot 0:- enter passphrase for card #${contents.number}: `)
    const share = openShare(contents, passphrase, binding)
    if (share) {
      say(` Module 1 slot 0:- passphrase supplied - ${doing}`)
      return share
    }
    say(` Module 1 slot 0:- wrong passphrase for card #${contents.number}`)
  }
  throw new ToolError(`${PASSPHRASE_ATTEMPTS} wrong passphrases for card #${contents.number}`)
}
