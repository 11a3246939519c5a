/**
 * hands: the robot of an unattended rehearsal. Reads one request as JSON from standard input and does it: puts the next fitting
 * card of the rack into the slot, takes one out, turns the mode switch. Exit code 3 says that it cannot be done.
 */
import { readFileSync } from 'node:fs'
import { type Card, isAlive, readCards, writeCard } from './card.ts'
import { noteEffect } from './effects.ts'
import { type Mode, setMode } from './module.ts'
import { insertCard, readOffered, readSlot, removeCard } from './slot.ts'
import { runTool } from './tool.ts'
import { ToolError } from './tool-error.ts'
import { openTwin, type Twin } from './twin.ts'

const CANNOT = 3
const MAX_REQUEST = 64 * 1024
const MODES: readonly Mode[] = ['operational', 'initialization', 'maintenance']

type Details = Readonly<Record<string, string | number | undefined>>

await runTool(() => {
  const { hands, details } = readRequest()
  const twin = openTwin()
  if (hands === 'set-mode') {
    const mode = MODES.find((known) => known === details.mode)
    if (!mode) throw new ToolError(`the switch has no position ${details.mode}`, CANNOT)
    setMode(twin, mode)
    return 0
  }
  if (details.slot !== undefined && String(details.slot) !== '0') throw new ToolError(`there is no slot ${details.slot}`, CANNOT)
  if (hands === 'remove-card') removeCard(twin)
  else if (hands === 'insert-card') insertCard(twin, fittingCard(twin, details).label)
  else throw new ToolError(`these hands do not know how to ${hands}`, CANNOT)
  return 0
})

function readRequest(): { hands: string; details: Details } {
  const text = readFileSync(0, 'utf8')
  if (text.length > MAX_REQUEST) throw new ToolError('the request is too long', 2)
  let request: { hands?: unknown; details?: unknown } | null
  try {
    request = JSON.parse(text)
  } catch {
    throw new ToolError('the request is not JSON', 2)
  }
  if (typeof request?.hands !== 'string') throw new ToolError('the request has no `hands`', 2)
  const details = typeof request.details === 'object' && request.details !== null ? (request.details as Details) : {}
  return { hands: request.hands, details }
}

function fittingCard(twin: Twin, { kind, cardset, number }: Details): Card {
  const offered = readOffered(twin)
  const { card: present } = readSlot(twin)
  const away = readCards(twin).filter((card) => card.label !== present)
  // Whoever asks for a number knows which card is meant, also if a tool had it before.
  const left = number === undefined ? away.filter((card) => !offered.includes(card.label)) : away
  if (kind === 'blank') return left.find((card) => !card.contents) ?? formattedCard(twin, left)
  if (kind !== 'administrator' && kind !== 'operator' && kind !== 'retired-administrator')
    throw new ToolError(`there are no cards of kind ${kind}`, CANNOT)
  const fits = ({ contents }: Card): boolean => {
    if (!contents || (number !== undefined && contents.number !== Number(number))) return false
    if (kind === 'retired-administrator') return contents.kind === 'administrator' && !isAlive(twin, contents)
    return contents.kind === kind && isAlive(twin, contents) && (kind === 'administrator' || contents.name === cardset)
  }
  const found = left.find(fits)
  const which = `${kind} card${number === undefined ? '' : ` number ${number}`}${kind === 'operator' ? ` of \`${cardset}'` : ''}`
  if (!found) throw new ToolError(`there is no further ${which} in the rack`, CANNOT)
  return found
}

/** A card of a world or set that never came to be is good for another use, once somebody has formatted it. */
function formattedCard(twin: Twin, left: readonly Card[]): Card {
  const stale = left.find(({ contents }) => contents && !isAlive(twin, contents))
  if (!stale) throw new ToolError('there is no further blank card in the rack', CANNOT)
  const card = { ...stale, contents: null }
  writeCard(twin, card)
  noteEffect(twin, 'card/format', card.label)
  return card
}
