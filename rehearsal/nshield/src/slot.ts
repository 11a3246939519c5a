/** The card reader: one slot, as on an Edge. */
import { type Card, readCard } from './card.ts'
import { readJson, writeJson } from './files.ts'
import type { Twin } from './twin.ts'

interface Slot {
  /** Label of the card that is in it. */
  readonly card: string | null
  /** Goes up by one with every card that is put in. */
  readonly insertions: number
}

/** Only hands change it: a tool that wrote it too could undo what was put in meanwhile. */
export function readSlot(twin: Twin): Slot {
  return readJson<Slot>(twin.slot) ?? { card: null, insertions: 0 }
}

export function cardInSlot(twin: Twin): Card | null {
  const { card } = readSlot(twin)
  return card === null ? null : readCard(twin, card)
}

export function insertCard(twin: Twin, label: string): void {
  writeJson(twin.slot, { card: label, insertions: readSlot(twin).insertions + 1 })
  writeJson(twin.offered, [...readOffered(twin), label])
}

export function removeCard(twin: Twin): void {
  writeJson(twin.slot, { ...readSlot(twin), card: null })
}

/** @returns labels of the cards that the running tool has had; the robot offers it none of them again */
export function readOffered(twin: Twin): readonly string[] {
  return readJson<string[]>(twin.offered) ?? []
}

/**
 * Called when a tool begins to ask for cards.
 * @param used whether the tool will use the card that is in the slot already
 */
export function beginCards(twin: Twin, used: boolean): void {
  const { card } = readSlot(twin)
  writeJson(twin.offered, used && card !== null ? [card] : [])
}
