/** `ceremony run` and `ceremony resume`. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CeremonyError } from '../ceremony/error.ts'
import { prepare } from '../ceremony/folder.ts'
import { carryOn } from '../ceremony/session.ts'
import { readSetup } from '../ceremony/setup-file.ts'
import { goAtTerminal } from './at-terminal.ts'
import { startCompanions } from './companions.ts'
import { showProgress } from './show.ts'

interface Options {
  dir: string
  setup: string
  params?: string
  officers?: string
  unattended?: string
  plain?: boolean
}

/** @throws CeremonyError `run/people` unless just one of the two ways to get answers is given (exit 2) */
export async function run(runbook: string, { dir, setup, params, officers, unattended, plain }: Options): Promise<undefined> {
  if ((officers === undefined) === (unattended === undefined)) {
    throw new CeremonyError('run/people', 'Who takes part?', {
      found: officers === undefined ? 'neither --officers nor --unattended' : 'both --officers and --unattended',
      expected: '--officers FILE for people at this terminal, or --unattended FILE for a rehearsal without people',
      advice: 'Make the officers’ keys with `ceremony officer new`; their folder will do as FILE.',
      exitCode: 2,
    })
  }
  const people = { ...(officers ? { officers } : {}), ...(unattended ? { answers: unattended } : {}) }
  prepare(dir, { runbook, setup, ...people, ...(params ? { parameters: params } : {}) })
  await (unattended ? go(dir) : goAtTerminal(dir, { plain: plain ?? false }))
}

export async function resume(dir: string, { officers, plain = false }: { officers?: string; plain?: boolean }): Promise<undefined> {
  const unattended = officers === undefined && existsSync(join(dir, 'answers.yaml'))
  await (unattended ? go(dir) : goAtTerminal(dir, { plain, ...(officers ? { officers } : {}) }))
}

/** Starts what runs beside the ceremony, and carries it on to its end, with answers from a file. */
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
