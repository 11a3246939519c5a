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
  const limit = new Limit(dir, signOff === '' ? 0 : 2)
  const steps: number[] = []
  const limits: number[] = []
  let end = performance.now()
  // Step and limit in turns: whatever else the machine does falls on both alike.
  const progress = (event: ProgressEvent): void => {
    if (event.kind !== 'done') return
    steps.push(performance.now() - end)
    limits.push(limit.sample())
    end = performance.now()
  }
  await carryOn({ dir, progress, pluginFolders: [PLUGINS] })
  limit.close()
  rmSync(dir, { recursive: true })
  // The first ones warm up.
  return { steps: steps.slice(20), limit: median(limits.slice(20)) }
}

/** The signatures and the synchronous writes of a step, and nothing else. */
class Limit {
  readonly #dir: string
  readonly #officers: number
  readonly #file: number
  readonly #key = generateKeyPairSync('ed25519').privateKey
  readonly #entry = Buffer.alloc(1500, 'ceremony')
  #samples = 0

  /** @param officers how many of the two entries an officer signs too: the statement is kept on disk while it waits for that */
  constructor(dir: string, officers: number) {
    this.#dir = dir
    this.#officers = officers
    this.#file = openSync(join(dir, 'limit'), 'a')
  }

  /** @returns milliseconds */
  sample(): number {
    const before = performance.now()
    for (let each = 0; each < 2 + this.#officers; each++) {
      sign(null, this.#entry, this.#key)
      writeSync(this.#file, this.#entry)
      fdatasyncSync(this.#file)
    }
    // The recording, as an artifact of its own.
    writeDurably(join(this.#dir, `limit-${this.#samples++}`), this.#entry.subarray(0, 200))
    return performance.now() - before
  }

  close(): void {
    closeSync(this.#file)
  }
}
