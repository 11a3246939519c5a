/** Starts the programs that run beside a ceremony (a rehearsal's twin of the cloud) and ends them after it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { CeremonyError } from '../ceremony/error.ts'
import type { Companion } from '../ceremony/setup-file.ts'

/**
 * Starts the companions; each is ready when it has printed its first line. They end with their standard input, so none
 * outlives this process, however it ends.
 * @returns a function that ends them
 */
export async function startCompanions(companions: readonly Companion[]): Promise<() => Promise<void>> {
  const started: ChildProcess[] = []
  const stop = async (): Promise<void> => {
    for (const child of started) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const ended = once(child, 'exit')
      child.stdin?.end()
      await ended
    }
  }
  for (const { name, run } of companions) {
    const [program, ...args] = run
    const child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    started.push(child)
    let complaint = ''
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString('utf8')).slice(-2000)
    })
    const ready = once(createInterface({ input: child.stdout }), 'line').then(() => undefined)
    const gone = once(child, 'exit').then(([code]) => `ended with exit code ${code}: ${complaint.trim()}`)
    const failed = once(child, 'error').then(([error]) => (error as Error).message)
    const fault = await Promise.race([ready, gone, failed])
    if (fault === undefined) continue
    await stop()
    throw new CeremonyError('companion/not-started', `${name} did not start.`, {
      found: fault,
      expected: `${run.join(' ')} to print a line when it is ready`,
      advice: 'Mend the cause (is its port taken by another program?), then resume.',
      exitCode: 3,
    })
  }
  return stop
}
