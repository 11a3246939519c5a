/**
 * What the engine itself takes for a step: a real ceremony of steps that do nothing, each with an intent and an outcome,
 * signed by the station and on disk, and the recording of what the plugin did. Held against the signatures and the
 * synchronous writes alone, in the same folder.
 */
import { generateKeyPairSync, sign } from 'node:crypto'
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { ProgressEvent } from '../engine/src/ceremony/progress.ts'
import { carryOn } from '../engine/src/ceremony/session.ts'
import { writeDurably } from '../engine/src/transcript/files.ts'
import { layOut, PLUGINS, runbookOf } from '../test/ceremony/small.ts'
import { type Benchmark, median, percentile, type Row } from './benchmark.ts'

const STEPS = 400

export const steps: Benchmark = {
  name: 'a step that does nothing',
  async run(): Promise<Row[]> {
    const plain = await timed('')
    const signed = await timed('    sign-off: { before: { crypto-officer: 1 }, after: { internal-witness: 1 } }\n')
    return [...rows('signed by the station', plain), ...rows('and by an officer before and after', signed)]
  },
}

interface Timed {
  readonly steps: readonly number[]
  /** Milliseconds that the same signatures and synchronous writes take by themselves. */
  readonly limit: number
}

function rows(which: string, { steps, limit }: Timed): Row[] {
  const middle = median(steps)
  return [
    { what: `a step ${which}, median`, value: middle, unit: 'ms', ratio: { value: middle / limit, to: 'signatures and writes alone' } },
    { what: '  99th percentile', value: percentile(steps, 0.99), unit: 'ms' },
    { what: '  signatures and writes alone, median', value: limit, unit: 'ms' },
    { what: '  what the engine adds, median', value: middle - limit, unit: 'ms' },
  ]
}

async function timed(signOff: string): Promise<Timed> {
  const names = Array.from({ length: STEPS }, (_, index) => `number-${index}`)
  const runbook = runbookOf(`
  - id: each
    station: room
    for-each: \${{ parameters.numbers }}
    uses: nothing/do
    with: { number: 7 }
${signOff}`).replace('default: [one, two]', `default: [${names.join(', ')}]`)
  const dir = await layOut(runbook)
  const done: number[] = []
  const progress = (event: ProgressEvent): void => void (event.kind === 'done' && done.push(performance.now()))
  await carryOn({ dir, progress, pluginFolders: [PLUGINS] })
  // From the end of one step to the end of the next; the first ones warm up.
  const steps = done.slice(1).map((time, index) => time - done[index]!)
  const limit = limitOf(dir, signOff === '' ? 0 : 2)
  rmSync(dir, { recursive: true })
  return { steps: steps.slice(20), limit }
}

/** @param officers how many of the two entries an officer signs too: the statement is then kept while it waits for that */
function limitOf(dir: string, officers: number): number {
  const { privateKey } = generateKeyPairSync('ed25519')
  const file = openSync(join(dir, 'limit'), 'a')
  const entry = Buffer.alloc(1500, 'ceremony')
  const samples = Array.from({ length: 100 }, (_, round) => {
    const before = performance.now()
    for (let signature = 0; signature < 2 + officers; signature++) sign(null, entry, privateKey)
    for (let write = 0; write < 2 + officers; write++) {
      writeSync(file, entry)
      fdatasyncSync(file)
    }
    // The recording, as an artifact of its own.
    writeDurably(join(dir, `limit-${round}`), entry.subarray(0, 200))
    return performance.now() - before
  })
  closeSync(file)
  return median(samples)
}
