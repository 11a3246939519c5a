/** Start-up of the command line through the launcher, beside the barest start of the same Node. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Benchmark, median, type Row } from './benchmark.ts'

const LAUNCHER = fileURLToPath(new URL('../ceremony', import.meta.url))
const ROUNDS = 40

export const start: Benchmark = {
  name: 'start-up',
  async run(): Promise<Row[]> {
    const bare: number[] = []
    const version: number[] = []
    const help: number[] = []
    // In turns, so that whatever else the machine does falls on all of them alike; the first round warms the caches.
    for (let round = 0; round <= ROUNDS; round++) {
      const times = [time(process.execPath, '-e', '0'), time(LAUNCHER, '--version'), time(LAUNCHER, '--help')] as const
      if (round === 0) continue
      bare.push(times[0])
      version.push(times[1])
      help.push(times[2])
    }
    const limit = median(bare)
    const row = (what: string, samples: number[]): Row => {
      const value = median(samples)
      return { what, value, unit: 'ms', ratio: { value: value / limit, to: 'node -e 0' } }
    }
    return [{ what: 'node -e 0', value: limit, unit: 'ms' }, row('./ceremony --version', version), row('./ceremony --help', help)]
  },
}

/** @returns milliseconds from start to end of a program that must succeed */
function time(program: string, ...args: string[]): number {
  const before = performance.now()
  const { status, error, stderr } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' })
  const elapsed = performance.now() - before
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${error?.message ?? stderr}`)
  return elapsed
}
