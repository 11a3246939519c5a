/** Custody: which cards were made, in which steps they were used, and in which bag each was sealed. */
import type { EmbeddedArtifact } from './embedded.ts'
import { secretsIn } from './exchanges.ts'
import { type At, type Ceremony, doneOf, type EntryOf, outputsOf, type StepRun } from './model.ts'

interface CardSet {
  readonly name: string
  /** `2/3`: how many open it, of how many. */
  readonly quorum: string
  readonly made: { readonly run: StepRun; readonly at: At<EntryOf<'outcome'>> }
  readonly cards: readonly Card[]
}
export interface Card {
  readonly card: string
  /** Titles of the steps in which somebody gave its passphrase. */
  readonly used: readonly { readonly title: string; readonly line: number }[]
  readonly sealed: { readonly bag: string; readonly at: At<EntryOf<'outcome'>> } | undefined
}

const MAX_CARDS = 200

/** @returns the card sets that the ceremony made: outcomes that say a number of `cards` and a `quorum` */
export function custodyOf({ steps }: Ceremony, artifacts: ReadonlyMap<string, EmbeddedArtifact>): CardSet[] {
  const uses = usesOf(steps, artifacts)
  return steps.flatMap((run) => {
    const { cards, quorum, name } = outputsOf(run)
    const at = doneOf(run)
    if (typeof cards !== 'number' || !(cards >= 1 && cards <= MAX_CARDS) || typeof quorum !== 'string' || !at) return []
    // The names under which the HSM's plugin asks for passphrases.
    const prefix = typeof name === 'string' ? `operator-card/${name}/` : 'administrator-card/'
    const list = Array.from({ length: cards }, (_, index) => {
      const card = String(index + 1)
      return { card, used: uses.get(prefix + card) ?? [], sealed: sealedIn(steps, run.id, card) }
    })
    return [{ name: typeof name === 'string' ? `Operator cards ${name}` : 'Administrator cards', quorum, made: { run, at }, cards: list }]
  })
}

function usesOf(
  steps: readonly StepRun[],
  artifacts: ReadonlyMap<string, EmbeddedArtifact>,
): Map<string, { title: string; line: number }[]> {
  const uses = new Map<string, { title: string; line: number }[]>()
  for (const run of steps) {
    for (const { outcome } of run.tries) {
      const held = outcome?.entry.exchanges ? artifacts.get(outcome.entry.exchanges.sha256) : undefined
      if (!held || !outcome) continue
      for (const secret of secretsIn(held.bytes)) {
        const title = run.key === null ? run.title : `${run.title} (${run.key})`
        uses.set(secret, [...(uses.get(secret) ?? []), { title, line: outcome.line.number }])
      }
    }
  }
  return uses
}

/** The plan says which property of which record holds a value for each card of that step. */
function sealedIn(steps: readonly StepRun[], madeBy: string, card: string): Card['sealed'] {
  for (const run of steps) {
    const at = doneOf(run)
    for (const [property, step] of Object.entries(run.planned?.perCard ?? {})) {
      if (step !== madeBy || !at) continue
      const bags = outputsOf(run)[property]
      const bag =
        typeof bags === 'object' && bags !== null && Object.hasOwn(bags, card) ? (bags as Record<string, unknown>)[card] : undefined
      if (typeof bag === 'string') return { bag, at }
    }
  }
  return undefined
}
