/** What this machine can do at most: the limits that the engine's numbers are held against. */
import { createHash } from 'node:crypto'
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { type Benchmark, type Row, rate } from './benchmark.ts'
import { ed25519, type Operation, type Speed } from './ed25519.ts'

const WORKER = new URL('./ed25519.ts', import.meta.url)
// In the project's folder, not in /tmp, which is often memory: ceremonies are written here.
const HERE = fileURLToPath(new URL('.', import.meta.url))

export const raw: Benchmark = {
  name: 'limits of this machine',
  async run(): Promise<Row[]> {
    const cores = availableParallelism()
    const rows: Row[] = []
    for (const operation of ['sign', 'verify'] as const) {
      const { rate: one } = ed25519(operation)
      rows.push({ what: `Ed25519 ${operation}, one core`, value: one, unit: '/s' })
      const { rate: all } = await everyCore(operation, cores)
      rows.push({ what: `Ed25519 ${operation}, ${cores} cores`, value: all, unit: '/s', ratio: { value: all / one, to: 'one core' } })
    }
    const block = Buffer.alloc(1024, 'ceremony')
    rows.push({ what: 'SHA-256 of 1 KiB, one core', value: rate(() => void createHash('sha256').update(block).digest()), unit: '/s' })
    rows.push({ what: 'append 1 KiB + fdatasync', value: appends(block), unit: '/s' })
    return rows
  },
}

/** Measures one worker for each core, all at once. @returns their rates together, and the time that one operation takes */
export async function everyCore(operation: Operation, cores = availableParallelism()): Promise<Speed> {
  const speeds = Array.from({ length: cores }, () => {
    const worker = new Worker(WORKER, { workerData: operation })
    return new Promise<Speed>((resolve, reject) => worker.once('message', resolve).once('error', reject))
  })
  const all = await Promise.all(speeds)
  return { rate: all.reduce((sum, { rate }) => sum + rate, 0), cpu: all.reduce((sum, { cpu }) => sum + cpu, 0) / cores }
}

/** @returns durable appends a second to one file */
function appends(block: Buffer): number {
  const dir = mkdtempSync(join(HERE, '.append-'))
  const file = openSync(join(dir, 'file'), 'a')
  try {
    return rate(() => {
      writeSync(file, block)
      fdatasyncSync(file)
    })
  } finally {
    closeSync(file)
    rmSync(dir, { recursive: true })
  }
}
