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
  keepFile(dir, SETUP, files.setup)
  keepFile(dir, ANSWERS, files.answers)
  keepFile(dir, PARAMETERS, files.parameters)
  if (files.officers) keepOfficers(dir, files.officers)
  keepFile(dir, RUNBOOK, files.runbook)
}

/** Where paths stand in the files that hold some. */
const PATHS: Readonly<Record<string, Parameters<typeof copyYaml>[2]>> = { [SETUP]: SETUP_PATHS, [ANSWERS]: ANSWERS_PATHS }

/** Takes a file into the folder, if one is named; what it names by a relative path is found from there as well. */
export function keepFile(dir: string, name: string, from: string | undefined): void {
  const to = join(dir, name)
  if (from === undefined || resolve(from) === resolve(to)) return
  const paths = PATHS[name]
  if (paths) copyYaml(from, to, paths)
  else writeFileSync(to, readFileSync(from), { mode: 0o600 })
}
