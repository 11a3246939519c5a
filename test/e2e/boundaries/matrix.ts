/** Ceremonies that meet with mishap after mishap, each at a boundary that was chosen, and what is left of them. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { prepare } from '../../../engine/src/ceremony/folder.ts'
import { layOutRehearsal } from '../../../engine/src/cli/rehearsal-folder.ts'
import { type Ended, effectsOf, entriesOf, jsonLines, outcomesOf, ROOT, start, startWith } from '../rehearsal.ts'
import { type Mishap, MODULE, type Point, UNPLUGGED } from './mishap.ts'

/** Fast enough not to wait long, slow enough that a restart is not hours of the twins' time. */
const SCALE = 120
/** Effects that may take place once only, whatever happens. */
const ONCE = /world\/create|cardset\/create|key\/(create|generate|import|delete|recover)/

export async function layOut(dir: string): Promise<void> {
  await layOutRehearsal(dir, SCALE)
  const runbook = join(ROOT, 'runbooks', 'byok-ceremony.yaml')
  prepare(dir, { runbook, setup: join(dir, 'setup.yaml'), answers: join(dir, 'answers.yaml'), parameters: join(dir, 'parameters.yaml') })
}

/** Runs a command with the preload, which is told by the query what to do at which boundary. */
export function disturbed(query: Record<string, string>, ...args: string[]): Promise<Ended> {
  const preload = new URL('./preload.ts', import.meta.url)
  preload.search = new URLSearchParams(query).toString()
  return startWith(['--import', preload.href], ...args).ended
}

const resume = (dir: string, query: Record<string, string>): Promise<Ended> => disturbed({ dir, ...query }, 'resume', dir)

/** Runs a ceremony that nothing disturbs. @returns the boundaries that it comes to, in order */
export async function boundariesOf(dir: string): Promise<string[]> {
  await layOut(dir)
  const log = `${dir}.boundaries`
  const ended = await resume(dir, { log })
  if (ended.code !== 0) throw new Error(`the undisturbed ceremony ended with ${ended.code}: ${ended.stderr}`)
  return readFileSync(log, 'utf8').trimEnd().split('\n')
}

/** @returns the mishaps that a boundary is to meet with */
export function mishapsAt(boundary: string): Mishap[] {
  return [...mishapsOfMachine(boundary), ...(WITH_HSM.test(boundary) ? mishapsOfHsm(boundary) : [])]
}

/** Steps in which the HSM's tools or its library are at work. */
const WITH_HSM =
  /^intent (create-world|create-operator-cards|generate-.*|wrap-.*) > (start (?!hands)|send (?!answer|run|reconcile|says)|write exchanges)/

function mishapsOfHsm(boundary: string): Mishap[] {
  return / > write /.test(boundary) ? ['HSM unplugged', 'card pulled'] : ['program dies', 'HSM unplugged', 'card pulled']
}

/** @returns those that need no HSM */
export function mishapsOfMachine(boundary: string): Mishap[] {
  const what = boundary.slice(boundary.indexOf(' > ') + 3)
  if (what.startsWith('write ')) return ['kill', 'torn', 'disk full', 'write error']
  if (/^(create|sync|rename) /.test(what)) return ['kill', 'disk full', 'write error']
  if (/^(remove|cut) /.test(what)) return ['kill', 'write error']
  if (/^(request|start|send) /.test(what)) return ['kill', 'kill soon']
  return ['kill']
}

/** What came of a ceremony and its mishaps. */
export interface Story {
  readonly hit: Point[]
  /** Points that it never came to: another course of time, other retries. */
  readonly missed: Point[]
  readonly faults: string[]
}

/** Has the mishaps happen one after another to one ceremony, each time resumed, and lets it come to its end. */
export async function suffer(dir: string, points: readonly Point[], undisturbed: string): Promise<Story> {
  await layOut(dir)
  const story: Story = { hit: [], missed: [], faults: [] }
  let left = points
  let ended: Ended
  do {
    const hit = await attempt(dir, left)
    ended = hit.ended
    story.hit.push(...hit.points)
    left = left.filter((point) => !hit.points.some(({ at, mishap }) => at === point.at && mishap === point.mishap))
    const last = hit.points.at(-1)
    const fault = last ? faultOf(last, ended) : ended.code === 0 ? undefined : endOf(ended)
    if (fault)
      story.faults.push(`${last ? nameOf(last) : `after ${story.hit.length > 0 ? nameOf(story.hit.at(-1)!) : 'nothing'}`}: ${fault}`)
    if (!last && ended.code !== 0) return story
  } while (ended.code !== 0)
  plugIn(dir)
  story.missed.push(...left)
  story.faults.push(...(await differences(dir, undisturbed)))
  if (story.faults.length === 0) rmSync(dir, { recursive: true })
  return story
}

/** Resumes once. @returns how that ended, and the mishaps that came about */
async function attempt(dir: string, points: readonly Point[]): Promise<{ ended: Ended; points: Point[] }> {
  const [plan, hit] = [`${dir}.plan`, `${dir}.hit`]
  rmSync(hit, { force: true })
  writeFileSync(plan, JSON.stringify(points))
  plugIn(dir)
  const ended = await resume(dir, { plan, hit })
  return { ended, points: existsSync(hit) ? (jsonLines(hit) as unknown as Point[]) : [] }
}

function plugIn(dir: string): void {
  if (existsSync(join(dir, UNPLUGGED))) renameSync(join(dir, UNPLUGGED), join(dir, MODULE))
}

const nameOf = ({ at, mishap }: Point): string => `${mishap} at "${at}"`
const endOf = ({ code, signal, stderr }: Ended): string => `ended with ${signal ?? code}: ${stderr.slice(-1500)}`

/** @returns what is wrong with how the process ended */
function faultOf({ mishap }: Point, ended: Ended): string | undefined {
  if (mishap === 'kill' || mishap === 'kill soon' || mishap === 'torn') return ended.signal === 'SIGKILL' ? undefined : endOf(ended)
  if (ended.code === 0) return undefined
  const mayFail = mishap === 'program dies' || mishap === 'HSM unplugged' || mishap === 'card pulled'
  if (ended.code !== 3 && !(mayFail && ended.code === 1)) return endOf(ended)
  return /do next +\S/.test(ended.stderr) ? undefined : `does not say what to do: ${ended.stderr.slice(-1500)}`
}

/** @returns what is otherwise than in the undisturbed ceremony */
async function differences(dir: string, undisturbed: string): Promise<string[]> {
  const faults: string[] = []
  const compare = (what: string, found: readonly string[], expected: readonly string[]): void => {
    const more = without(found, expected)
    const less = without(expected, found)
    if (more.length + less.length > 0) faults.push(`${what}: more ${JSON.stringify(more)}, less ${JSON.stringify(less)}`)
  }
  const once = (of: string): string[] =>
    effectsOf(of)
      .filter((effect) => ONCE.test(effect))
      .map(alike)
  // A step that failed for want of an HSM, and was done when it was there again, is done.
  const done = (of: string): string[] => outcomesOf(of).filter((outcome) => outcome.endsWith(' done'))
  compare('outcomes', done(dir), done(undisturbed))
  compare('outputs', outputsOf(dir), outputsOf(undisturbed))
  compare('effects', once(dir), once(undisturbed))
  compare('state of Azure', azureState(dir), azureState(undisturbed))
  compare('state of the HSM', hsmState(dir), hsmState(undisturbed))
  for (const command of ['verify', 'replay']) {
    const { code, stdout, stderr } = await start(command, dir).ended
    if (code !== 0) faults.push(`${command}: ${stdout.slice(-3000)}${stderr.slice(-1000)}`)
  }
  return faults
}

/** @returns the items of a list that another one lacks; each of those accounts for one */
function without(items: readonly string[], others: readonly string[]): string[] {
  const left = [...others]
  return items.filter((item) => {
    const at = left.indexOf(item)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}

/** What differs from one ceremony to the next: keys, digests, identifiers, versions, times. */
const alike = (text: string): string =>
  text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID')
    .replace(/[0-9a-f]{16,}/g, 'HEX')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/[A-Za-z0-9_-]{40,}/g, 'BASE64')
    .replace(/[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}/g, 'SERIAL')
    .replace(/\b\d{9,}\b/g, 'NUMBER')
    // A private key in DER is a byte longer or shorter.
    .replace(/"size":\d+/g, '"size":…')
    // Nobody can tell after a crash whether a vault that is there was there before.
    .replace(/"created":(true|false)/g, '"created":…')

/** The outputs of each step instance, without what is different in every ceremony. */
function outputsOf(dir: string): string[] {
  const outcomes = entriesOf(dir).filter((entry) => entry.kind === 'outcome' && entry.result === 'done')
  return outcomes.map(({ step, instance, outputs }) => `${step} ${instance ?? ''} ${alike(JSON.stringify(outputs))}`)
}

/** The rows that the twin of Azure knows at the end. */
function azureState(dir: string): string[] {
  const rows = new Set<string>()
  for (const line of jsonLines(join(dir, 'rehearsal', 'azure', 'state.jsonl'))) {
    for (const { table, key, row } of line.changes as { table: string; key: string; row: unknown }[]) {
      if (row === null) rows.delete(`${table} ${key}`)
      else rows.add(`${table} ${key}`)
    }
  }
  // What was accepted and has ended is of no more account: a request that was sent again has two of those.
  return [...rows]
    .filter((row) => !row.startsWith('operations '))
    .map(alike)
    .sort()
}

/** The files of the twin of the HSM. */
function hsmState(dir: string): string[] {
  const files = readdirSync(join(dir, 'rehearsal', 'nshield'), { recursive: true, encoding: 'utf8' })
  return files.map(alike).sort()
}
