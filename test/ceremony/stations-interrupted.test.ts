/** Moving a ceremony with the command line, killed and starved at every boundary; a medium that fills up or is pulled out. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { disturbed, mishapsOfMachine } from '../e2e/boundaries/matrix.ts'
import type { Point } from '../e2e/boundaries/mishap.ts'
import { ceremony, entriesOf, remove } from '../e2e/rehearsal.ts'
import { inNamespace } from './namespace.ts'
import { officersKeys, type TwoStations, twoStations } from './two-stations.ts'

/** `all` for every boundary; otherwise so many of them. */
const WANTED = process.env.CEREMONY_KILLS === 'all' ? Number.POSITIVE_INFINITY : 12
let keys: string
let stations: TwoStations

beforeAll(async () => {
  keys = await officersKeys()
})
afterAll(() => remove(keys))
beforeEach(async () => {
  stations = await twoStations(keys)
  await stations.untilHandedOver('room')
})
afterEach(() => remove(stations.at()))

/** All the boundaries that a command comes to, each with what is to happen at it; thinned out evenly. */
async function mishapsOf(dir: string, ...args: string[]): Promise<Point[]> {
  const log = stations.at('boundaries')
  rmSync(log, { force: true })
  expect(await disturbed({ dir, log }, ...args)).toMatchObject({ code: 0 })
  const boundaries = readFileSync(log, 'utf8').trimEnd().split('\n')
  const every = boundaries.flatMap((at) => mishapsOfMachine(at).map((mishap) => ({ at, mishap })))
  const step = Math.max(1, every.length / WANTED)
  return every.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step))
}

describe('`receive`', () => {
  test('interrupted anywhere, leaves the folder as it was or takes the baton; done again, it is done', async () => {
    const { at, medium } = stations
    expect((await ceremony('hand-over', at('room'), '--to', 'desk', '-o', medium)).stdout).toContain(`ceremony receive ${medium}`)
    cpSync(at('desk'), at('untouched'), { recursive: true })
    const receive = ['receive', medium, '--dir', at('desk')]
    const mishaps = await mishapsOf(at('desk'), ...receive)
    const taken = entriesOf(at('desk')).length
    expect(taken).toBe(entriesOf(at('room')).length + 1)
    for (const { at: boundary, mishap } of mishaps) {
      remove(at('desk'))
      cpSync(at('untouched'), at('desk'), { recursive: true })
      const hit = at('hit')
      rmSync(hit, { force: true })
      writeFileSync(at('plan'), JSON.stringify([{ at: boundary, mishap }]))
      const ended = await disturbed({ dir: at('desk'), plan: at('plan'), hit }, ...receive)
      expect(existsSync(hit), boundary).toBe(true)
      if (mishap === 'disk full' || mishap === 'write error')
        expect([0, 3], `${mishap} at ${boundary}: ${ended.stderr}`).toContain(ended.code)
      expect(await ceremony(...receive), `after ${mishap} at ${boundary}`).toMatchObject({ code: 0 })
      expect(entriesOf(at('desk')), `after ${mishap} at ${boundary}`).toHaveLength(taken)
      expect(existsSync(at('desk', 'receiving'))).toBe(false)
    }
    process.stdout.write(`${mishaps.length} mishaps while receiving\n`)
    await stations.untilHandedOver('desk')
  }, 600_000)

  test('refuses a bundle whose digest is not the one that was read out', async () => {
    const { at, medium } = stations
    const said = (await ceremony('hand-over', at('room'), '--to', 'desk', '-o', medium)).stdout
    const digest = /Digest +([0-9a-f]{64})/.exec(said)![1]!
    const refused = await ceremony(
      'receive',
      medium,
      '--dir',
      at('desk'),
      '--digest',
      digest.replace(/^./, (first) => (first === '0' ? '1' : '0')),
    )
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('bundle/unfit') })
    expect(await ceremony('receive', medium, '--dir', at('desk'), '--digest', digest.replace(/(.{8})/g, '$1 '))).toMatchObject({ code: 0 })
  }, 120_000)
})

describe('a medium', () => {
  test('that fails while the bundle is written: the one before stays, and the ceremony is as it was', async () => {
    const { at, medium } = stations
    const handOver = ['hand-over', at('room'), '--to', 'desk', '-o', medium]
    expect(await ceremony(...handOver)).toMatchObject({ code: 0 })
    const [before, transcript] = [readFileSync(medium), readFileSync(at('room', 'transcript.intoto.jsonl'))]
    for (const { at: boundary, mishap } of await mishapsOf(at(), ...handOver)) {
      writeFileSync(at('plan'), JSON.stringify([{ at: boundary, mishap }]))
      const ended = await disturbed({ dir: at(), plan: at('plan') }, ...handOver)
      if (mishap === 'disk full' || mishap === 'write error') {
        expect(ended, `${mishap} at ${boundary}`).toMatchObject({ code: 3, stderr: expect.stringContaining('The ceremony is as it was') })
      }
      expect(readFileSync(medium)).toEqual(before)
      expect(readFileSync(at('room', 'transcript.intoto.jsonl'))).toEqual(transcript)
    }
    expect(await ceremony(...handOver)).toMatchObject({ code: 0 })
  }, 600_000)

  inNamespace(
    'that is too small is said to be full, and holds nothing that looks like a bundle',
    async () => {
      const { at } = stations
      mkdirSync(at('usb'))
      const main = new URL('../../engine/src/cli/main.ts', import.meta.url).pathname
      const script = `mount -t tmpfs -o size=16k none ${at('usb')} && "$@" 2>&1; echo "exit $?"; ls ${at('usb')}`
      const command = [process.execPath, main, 'hand-over', at('room'), '--to', 'desk', '-o', at('usb', 'bundle')]
      const unshare = ['--user', '--map-root-user', '--mount', 'sh', '-c', script, 'sh', ...command]
      const said = execFileSync('unshare', unshare, { encoding: 'utf8' })
      expect(said).toContain('bundle/not-written')
      expect(said).toMatch(/ENOSPC|only \d+ of \d+ bytes/)
      expect(said.trimEnd().endsWith('exit 3')).toBe(true)
    },
    60_000,
  )

  test('from which a file is pulled half-way is refused at the other station', async () => {
    const { at, medium } = stations
    await ceremony('hand-over', at('room'), '--to', 'desk', '-o', medium)
    writeFileSync(medium, readFileSync(medium).subarray(0, statSync(medium).size - 4096))
    const refused = await ceremony('receive', medium, '--dir', at('desk'))
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('was the medium pulled out too early?') })
  }, 60_000)
})
