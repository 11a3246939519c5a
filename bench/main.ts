/**
 * `npm run bench`: runs the benchmarks, prints a table, and writes bench/results.json. Names as arguments choose some of
 * them; `--full` takes a million entries where else a hundred thousand do (`npm run bench -- --full verify`).
 */
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Benchmark, Row } from './benchmark.ts'
import { raw } from './raw.ts'
import { start } from './start.ts'
import { steps } from './steps.ts'
import { verify } from './verify.ts'

const BENCHMARKS: readonly Benchmark[] = [raw, steps, verify, start]
const RESULTS = fileURLToPath(new URL('./results.json', import.meta.url))

const full = process.argv.includes('--full')
const wanted = process.argv.slice(2).filter((word) => word !== '--full')
const chosen = BENCHMARKS.filter(({ name }) => wanted.length === 0 || wanted.some((word) => name.includes(word)))
if (chosen.length === 0) {
  process.stderr.write(`bench: nothing is named ${wanted.join(' ')}; there is: ${BENCHMARKS.map(({ name }) => name).join(', ')}\n`)
  process.exit(2)
}

const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), node: process.version }
process.stdout.write(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}\n`)
const results: Record<string, Row[]> = {}
for (const { name, run } of chosen) {
  const rows = await run(full)
  results[name] = rows
  process.stdout.write(`\n${name}\n${rows.map(line).join('\n')}\n`)
}
writeFileSync(RESULTS, `${JSON.stringify({ time: new Date().toISOString(), machine, results }, null, 2)}\n`)
process.stdout.write(`\nAs JSON: ${RESULTS}\n`)

/** One row of the table. */
function line({ what, value, unit, ratio }: Row): string {
  const number = value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 1 : 0 })
  const compared = ratio ? `   ${ratio.value.toFixed(2)} × ${ratio.to}` : ''
  return `  ${what.padEnd(44)}${number.padStart(12)} ${unit.padEnd(4)}${compared}`
}
