/** Operator card sets among the host's key data: `cards_<hash>`, and `card_<hash>_<n>` for each card. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readJson, writeJson } from './files.ts'
import type { Quorum } from './secret-split.ts'
import type { Twin } from './twin.ts'

export interface CardSet {
  readonly name: string
  readonly hkltu: string
  readonly quorum: Quorum
  readonly persistent: boolean
  readonly created: string
  /** The folder of its token below SoftHSM2's tokens. */
  readonly token: string
}

/** @returns the card sets of this world, oldest first */
export function readCardSets(twin: Twin): CardSet[] {
  return readdirSync(twin.keyData)
    .filter((name) => /^cards_[0-9a-f]{40}$/.test(name))
    .map((name) => readJson<CardSet>(join(twin.keyData, name))!)
    .sort((a, b) => (a.created < b.created ? -1 : 1))
}

/** Writes a new card set down; the file that makes it exist comes last. */
export function createCardSet(twin: Twin, set: CardSet): void {
  for (let card = 1; card <= set.quorum.total; card++)
    writeJson(join(twin.keyData, `card_${set.hkltu}_${card}`), { hkltu: set.hkltu, card })
  writeJson(join(twin.keyData, `cards_${set.hkltu}`), set)
}
