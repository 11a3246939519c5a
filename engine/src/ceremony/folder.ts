/** The folder of a ceremony before it begins: the runbook and the files that it runs with. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CeremonyError } from './error.ts'
import { keepOfficers } from './officers-file.ts'
import { readIfThere, SETUP_PATHS } from './setup-file.ts'
import { ANSWERS_PATHS } from './unattended.ts'
import { copyYaml } from './yaml-file.ts'

export const RUNBOOK = 'runbook.yaml'
export const SETUP = 'setup.yaml'
export const ANSWERS = 'answers.yaml'
export const PARAMETERS = 'parameters.yaml'

/**
 * Makes a ceremony's folder from a runbook and the files it runs with. Nothing is signed yet.
 * @throws CeremonyError `run/exists` when the folder already holds a transcript
 */
export function prepare(
  dir: string,
  files: { runbook: string; setup: string; answers?: string; officers?: string; parameters?: string },
): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  if (readIfThere(join(dir, RUNBOOK))) {
    throw new CeremonyError('run/exists', `${dir} already holds a ceremony.`, {
      found: RUNBOOK,
      expected: 'a folder that is new or empty',
      advice: `Go on with it by \`ceremony resume ${dir}\`, or choose another folder.`,
      exitCode: 2,
    })
  }
  const keep = (name: string, from: string | undefined): void => {
    if (from && resolve(from) !== resolve(join(dir, name))) writeFileSync(join(dir, name), readFileSync(from), { mode: 0o600 })
  }
  const keepPaths = (name: string, from: string | undefined, paths: Parameters<typeof copyYaml>[2]): void => {
    if (from && resolve(from) !== resolve(join(dir, name))) copyYaml(from, join(dir, name), paths)
  }
  keepPaths(SETUP, files.setup, SETUP_PATHS)
  keepPaths(ANSWERS, files.answers, ANSWERS_PATHS)
  keep(PARAMETERS, files.parameters)
  if (files.officers) keepOfficers(dir, files.officers)
  keep(RUNBOOK, files.runbook)
}
