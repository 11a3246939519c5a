/** What a benchmark is: main.ts runs them one after another and prints their rows. */
export interface Benchmark {
  readonly name: string
  /** @param full whether to take the time that a million entries need */
  run(full: boolean): Promise<Row[]>
}

/** One measured number. */
export interface Row {
  readonly what: string
  readonly value: number
  readonly unit: string
  /** Measured against a limit of the machine or of Node, both taken in this run. */
  readonly ratio?: { readonly value: number; readonly to: string }
}

/** @returns the middle of the samples; robust against the odd slow one */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** @returns the sample below which that share of all samples lies */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
}

/** @returns how often a second the work can be done, from repeating it for the given time */
export function rate(work: () => void, milliseconds = 1000): number {
  for (let round = 0; round < 100; round++) work()
  const start = performance.now()
  let rounds = 0
  let elapsed = 0
  while (elapsed < milliseconds) {
    for (let round = 0; round < 50; round++) work()
    rounds += 50
    elapsed = performance.now() - start
  }
  return (rounds * 1000) / elapsed
}
