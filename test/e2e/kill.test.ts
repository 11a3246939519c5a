import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ceremony, effectsOf, outcomesOf, remove, start, temporary } from './rehearsal.ts'

const ROUNDS = Number(process.env.CEREMONY_KILLS ?? 8)
const home = temporary()
const undisturbed = join(home, 'undisturbed')
/** Effects that may take place once only, whatever happens. */
const ONCE = /world\/create|cardset\/create|key\/(create|generate|import|delete|recover)/

beforeAll(async () => {
  expect(await ceremony('demo', '--dir', undisturbed, '--scale', '600')).toMatchObject({ code: 0 })
}, 120_000)
afterAll(() => remove(home))

const sizeOf = (dir: string): number => {
  const file = join(dir, 'transcript.intoto.jsonl')
  return existsSync(file) ? statSync(file).size : 0
}

test(`killed without warning, over and over, and resumed, it ends as an undisturbed run does (${ROUNDS} kills)`, async () => {
  const dir = join(home, 'killed')
  const whole = sizeOf(undisturbed)
  let kills = 0
  for (let round = 1; round <= ROUNDS; round++) {
    const running = round === 1 ? start('demo', '--dir', dir, '--scale', '600') : start('resume', dir)
    // Not before so much more of the transcript is there, and then at a moment of chance.
    const until = (whole * round) / (ROUNDS + 1)
    let ended = false
    void running.ended.then(() => {
      ended = true
    })
    while (!ended && sizeOf(dir) < until) await sleep(5)
    await sleep(Math.random() * 150)
    if (ended) break
    running.killAll()
    await running.ended
    kills++
  }
  expect(kills).toBeGreaterThan(ROUNDS / 2)
  const resumed = await ceremony('resume', dir)
  expect(resumed.stderr).toContain('Closed after')
  expect(resumed.code).toBe(0)
  expect(await ceremony('verify', dir)).toMatchObject({ code: 0 })
  expect(outcomesOf(dir)).toEqual(outcomesOf(undisturbed))
  const once = (effects: string[]): string[] => effects.filter((effect) => ONCE.test(effect)).sort()
  expect(once(effectsOf(dir))).toEqual(once(effectsOf(undisturbed)))
}, 300_000)

test('resuming a ceremony that is closed changes nothing', async () => {
  const before = sizeOf(undisturbed)
  expect(await ceremony('resume', undisturbed)).toMatchObject({ code: 0 })
  expect(sizeOf(undisturbed)).toBe(before)
}, 60_000)
