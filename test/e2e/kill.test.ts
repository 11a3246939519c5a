import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { boundariesOf, mishapsAt, type Story, suffer } from './boundaries/matrix.ts'
import type { Point } from './boundaries/mishap.ts'
import { ceremony, remove, temporary } from './rehearsal.ts'

/** `all` for every boundary and every mishap, which takes hours; or how many of them, spread over the whole ceremony. */
const WANTED = process.env.CEREMONY_KILLS ?? '24'
/** Only boundaries that this fits: to look into one step, or one kind. */
const ONLY = new RegExp(process.env.CEREMONY_KILLS_AT ?? '')
/** Mishaps that one ceremony meets with. */
const CHAIN = WANTED === 'all' ? 24 : 12
const home = temporary()
const undisturbed = join(home, 'undisturbed')
let points: Point[]

beforeAll(async () => {
  const boundaries = await boundariesOf(undisturbed)
  const every = boundaries
    .flatMap((at) => mishapsAt(at).map((mishap) => ({ at, mishap })))
    .filter(({ at, mishap }) => ONLY.test(`${mishap} at ${at}`))
  points = WANTED === 'all' ? every : spread(every, Number(WANTED))
}, 300_000)
afterAll(() => remove(home))

/** So many of them, evenly from the whole, each kind of mishap in its turn. */
function spread(every: readonly Point[], count: number): Point[] {
  const kinds = [...new Set(every.map(({ mishap }) => mishap))]
  return Array.from({ length: count }, (_, index) => {
    const from = Math.floor((index * every.length) / count)
    return every.slice(from).find(({ mishap }) => mishap === kinds[index % kinds.length]) ?? every[from]!
  })
}

/** Deals the points out to ceremonies, so that those of one are far apart. */
function chains(all: readonly Point[]): Point[][] {
  const many = Math.max(1, Math.ceil(all.length / CHAIN))
  return Array.from({ length: many }, (_, chain) => all.filter((_, index) => index % many === chain))
}

async function sufferAll(all: readonly Point[][], prefix: string): Promise<Story[]> {
  const stories: Story[] = []
  const waiting = [...all.entries()]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const story = await suffer(join(home, `${prefix}-${next[0]}`), next[1], undisturbed)
      stories.push(story)
      const hit = stories.reduce((sum, { hit }) => sum + hit.length, 0)
      process.stdout.write([`${hit} mishaps in ${stories.length} ceremonies`, ...story.faults, ''].join('\n'))
    }
  }
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work))
  return stories
}

describe('whatever happens', () => {
  test(
    'a ceremony that is interrupted at any boundary and resumed ends as an undisturbed one',
    async () => {
      const stories = await sufferAll(chains(points), 'first')
      const missed = stories.flatMap((story) => story.missed)
      // A boundary that other mishaps had made it pass by is tried by itself.
      if (WANTED === 'all')
        stories.push(
          ...(await sufferAll(
            missed.map((point) => [point]),
            'again',
          )),
        )
      const hit = stories.flatMap((story) => story.hit)
      process.stdout.write(`${hit.length} mishaps: ${summary(hit)}; ${points.length - hit.length} of ${points.length} not reached\n`)
      expect(stories.flatMap((story) => story.faults)).toEqual([])
      expect(hit.length).toBeGreaterThan(points.length * 0.6)
    },
    24 * 3600_000,
  )

  test('resuming a ceremony that is closed changes nothing', async () => {
    const file = join(undisturbed, 'transcript.intoto.jsonl')
    const before = readFileSync(file)
    expect(await ceremony('resume', undisturbed)).toMatchObject({ code: 0 })
    expect(readFileSync(file)).toEqual(before)
  }, 60_000)
})

function summary(hit: readonly Point[]): string {
  const kinds = Map.groupBy(hit, ({ mishap }) => mishap)
  return [...kinds].map(([mishap, of]) => `${of.length} × ${mishap}`).join(', ')
}
