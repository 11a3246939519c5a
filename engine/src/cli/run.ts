/** `ceremony run` and `ceremony resume`. */
import { join } from 'node:path'
import { carryOn, prepare } from '../ceremony/session.ts'
import { readSetup } from '../ceremony/setup-file.ts'
import { startCompanions } from './companions.ts'
import { showProgress } from './show.ts'

export async function run(
  runbook: string,
  options: { dir: string; setup: string; params?: string; unattended: string },
): Promise<undefined> {
  const { dir, setup, unattended, params } = options
  prepare(dir, { runbook, setup, answers: unattended, ...(params ? { parameters: params } : {}) })
  await go(dir)
}

export async function resume(dir: string): Promise<undefined> {
  await go(dir)
}

/** Starts what runs beside the ceremony, and carries it on to its end. */
export async function go(dir: string): Promise<void> {
  const stop = await startCompanions(readSetup(join(dir, 'setup.yaml')).companions)
  const show = showProgress()
  try {
    await carryOn({ dir, progress: show.event })
  } finally {
    show.end()
    await stop()
  }
}
