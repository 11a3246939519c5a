import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ceremonyClock } from '../../engine/src/capability/clock.ts'
import { findPlugin } from '../../engine/src/plugin/package.ts'
import { type DoorKeeper, PluginProcess } from '../../engine/src/plugin/process.ts'
import type { Reply } from '../../engine/src/plugin/protocol.ts'

const FIXTURES = fileURLToPath(new URL('./fixtures', import.meta.url))
const clock = ceremonyClock(Date.now(), 10_000)
const seed = new Uint8Array(32).fill(7)

/** Serves the clock, and refuses everything else. */
const keeper: DoorKeeper = async ({ door, request, signal }) => {
  if (door !== 'clock') throw new Error(`unexpected ask at ${door}`)
  await clock.sleep((request as { sleep: number }).sleep, signal).catch(() => {})
  return { reply: { ok: true, value: null }, time: clock.now() }
}

let plugin: PluginProcess
beforeAll(async () => {
  plugin = await PluginProcess.start(findPlugin('prober', [FIXTURES]))
})
afterAll(() => plugin.stop())

const call = (action: string, input: unknown): Promise<Reply> =>
  plugin.call({ what: 'run', action, input, seed, time: clock.now(), cloud: null }, keeper)

describe('a plugin’s process', () => {
  test.each(['socket', 'fetch', 'lookup', 'datagram', 'child-process', 'worker', 'addon', 'write', 'read-outside'])(
    'cannot reach past its capabilities: %s',
    async (what) => {
      const reply = await call('try', { what })
      expect(reply).toMatchObject({ ok: false, error: { code: 'plugin/not-allowed', changed: 'nothing' } })
    },
  )

  test('has an empty environment, and time that stands still between answers and follows the ceremony’s clock', async () => {
    const reply = await call('look', {})
    expect(reply.ok).toBe(true)
    const { times, environment } = (reply as { value: { times: number[]; environment: string[] } }).value
    expect(environment.filter((name) => !name.startsWith('NODE_CHANNEL'))).toEqual([])
    expect(times).toHaveLength(4)
    expect(times[1]).toBe(times[0])
    expect(times[2]! - times[1]!).toBeGreaterThanOrEqual(60_000)
    expect(times[3]! - times[2]!).toBeGreaterThanOrEqual(60_000)
  })

  test('draws all its randomness from the seed of the call', async () => {
    const [first, second] = [await call('look', {}), await call('look', {})]
    const random = (reply: Reply): string => (reply as { value: { random: string } }).value.random
    expect(random(first)).toBe(random(second))
  })
})

describe('a plugin of the project', () => {
  test.each(['hsm-ncipher', 'azure-vault', 'azure-storage', 'azure-sql'])('loads without any rights: %s', async (name) => {
    const process = await PluginProcess.start(findPlugin(name))
    expect(Object.keys(process.manifest.actions).length).toBeGreaterThan(0)
    await process.stop()
  })
})
