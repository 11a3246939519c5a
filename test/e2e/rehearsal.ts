/** Runs the command line as a user does, and reads what a rehearsal left behind. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MAIN = join(ROOT, 'engine/src/cli/main.ts')

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Starts `ceremony` with these arguments, in a process group of its own so that all of it can be killed at once. */
export const start = (...args: string[]): Started => startWith([], ...args)

export interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  killAll(): void
}

/** The same, with options of Node's. */
export function startWith(options: readonly string[], ...args: string[]): Started {
  const child = spawn(process.execPath, [...options, MAIN, ...args], { cwd: ROOT, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8')
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8')
  })
  const ended = new Promise<Ended>((resolve) => child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr })))
  return { child, ended, killAll: () => process.kill(-child.pid!, 'SIGKILL') }
}

/** Runs `ceremony` to its end. */
export const ceremony = (...args: string[]): Promise<Ended> => start(...args).ended

/** A folder that is removed after the tests of the file. */
export function temporary(): string {
  return mkdtempSync(join(tmpdir(), 'ceremony-test-'))
}

export function remove(dir: string): void {
  rmSync(dir, { recursive: true, force: true })
}

/** Every secret that a rehearsal's people hold. */
export function secretsOf(dir: string): string[] {
  const answers = parse(readFileSync(join(dir, 'answers.yaml'), 'utf8')) as {
    officers: { passphrase: string }[]
    secrets: Record<string, string | string[]>
  }
  return [...answers.officers.map((officer) => officer.passphrase), ...Object.values(answers.secrets).flat()]
}

/** Files below a folder, with their paths. */
export function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** The lines of a JSON-lines file. */
export function jsonLines(file: string): Record<string, unknown>[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** The entries (predicates) of a ceremony's transcript. */
export function entriesOf(dir: string): Record<string, unknown>[] {
  return jsonLines(join(dir, 'transcript.intoto.jsonl')).map(
    (envelope) => JSON.parse(Buffer.from(envelope.payload as string, 'base64').toString('utf8')).predicate as Record<string, unknown>,
  )
}

/** How each step instance ended, without what differs from run to run. */
export function outcomesOf(dir: string): string[] {
  return entriesOf(dir)
    .filter((entry) => entry.kind === 'outcome')
    .map((entry) => `${entry.step} ${entry.instance ?? ''} ${entry.result}`)
}

/** The effects that the twins logged, in order: what was made, uploaded, deleted. */
export function effectsOf(dir: string): string[] {
  return ['azure', 'nshield'].flatMap((twin) =>
    jsonLines(join(dir, 'rehearsal', twin, 'effects.jsonl')).map((effect) => `${twin} ${effect.operation} ${effect.resource ?? ''}`),
  )
}
