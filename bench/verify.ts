/**
 * `ceremony verify` of a long transcript, as a user runs it: how many signatures a second, beside what all cores reach that
 * do nothing else, measured right before and after; the same by the processor's time, which other work on the machine shakes
 * less; and how much memory at most, that of all threads together.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Benchmark, median, type Row } from './benchmark.ts'
import { type LongTranscript, longTranscript } from './long-transcript.ts'
import { everyCore } from './raw.ts'

const LAUNCHER = fileURLToPath(new URL('../ceremony', import.meta.url))
const ROUNDS = 3

export const verify: Benchmark = {
  name: 'verify',
  async run(full): Promise<Row[]> {
    const small = longTranscript(100)
    const long = longTranscript(full ? 1_000_000 : 100_000)
    const few: Run[] = []
    const many: Run[] = []
    const ratios: number[] = []
    const shares: number[] = []
    // Whatever else this machine does comes and goes: each round has its own measure of what was possible then.
    for (let round = 0; round < ROUNDS; round++) {
      few.push(await run(small))
      const before = await everyCore('verify')
      many.push(await run(long))
      const after = await everyCore('verify')
      const { signatures, cpu } = many.at(-1)!
      ratios.push(signatures / ((before.rate + after.rate) / 2))
      shares.push((long.signatures * (before.cpu + after.cpu)) / 2 / 1e6 / cpu)
    }
    const of = (runs: readonly Run[], which: keyof Run): number => median(runs.map((each) => each[which]))
    const name = `${long.entries.toLocaleString('en')} entries`
    return [
      { what: `${name}`, value: of(many, 'seconds'), unit: 's' },
      { what: '  entries', value: long.entries / of(many, 'seconds'), unit: '/s' },
      {
        what: '  signatures',
        value: of(many, 'signatures'),
        unit: '/s',
        ratio: { value: median(ratios), to: 'Ed25519 verify of all cores' },
      },
      { what: '  processor’s time that signatures alone take', value: 100 * median(shares), unit: '%' },
      { what: '  memory at most, all threads', value: Math.max(...many.map(({ mebibytes }) => mebibytes)), unit: 'MiB' },
      { what: `${small.entries} entries, start included`, value: of(few, 'seconds') * 1000, unit: 'ms' },
      { what: '  memory at most', value: Math.max(...few.map(({ mebibytes }) => mebibytes)), unit: 'MiB' },
    ]
  },
}

interface Run {
  readonly seconds: number
  /** Signatures a second, the start of the program included. */
  readonly signatures: number
  readonly mebibytes: number
  /** Seconds of the processor's time. */
  readonly cpu: number
}

async function run({ dir, signatures }: LongTranscript): Promise<Run> {
  const started = performance.now()
  const child = spawn(LAUNCHER, ['verify', dir, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  let [peak, cpu] = [0, 0]
  const watch = setInterval(() => {
    peak = Math.max(peak, peakOf(child.pid!))
    cpu = Math.max(cpu, cpuOf(child.pid!))
  }, 10)
  await new Promise((resolve) => child.once('close', resolve))
  clearInterval(watch)
  const seconds = (performance.now() - started) / 1000
  if ((JSON.parse(output) as { ok: boolean }).ok !== true) throw new Error(`the transcript does not hold: ${output.slice(0, 1000)}`)
  return { seconds, signatures: signatures / seconds, mebibytes: peak / 1024, cpu }
}

/** @returns kibibytes: the most that the process ever had in memory; 0 when it is gone */
function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

/** @returns seconds of the processor's time that the process has taken so far, in the kernel and outside; 0 when it is gone */
function cpuOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Fields 14 and 15 of proc(5), in hundredths of a second, counted behind the name in parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return 0
  }
}
