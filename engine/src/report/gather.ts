/** Gathers what a report holds: the transcript as it is, and of the artifacts what a reader needs. */
import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { unpackPlugin } from '../transcript/plugin-package.ts'
import { artifactPath, TRANSCRIPT } from '../transcript/store.ts'
import type { About, LeftOut } from './browser/about.ts'
import { planOf } from './plan.ts'

/** A report that cannot be made; says why. */
export class ReportError extends Error {
  override readonly name = 'ReportError'
  readonly code: 'report/missing' | 'report/too-large'
  constructor(code: ReportError['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** A browser holds the page, the bytes and the entries at once: beyond this, `verify` and `replay` are the tools. */
const LIMITS = { transcript: 64 * 1024 * 1024, artifact: 512 * 1024, artifacts: 24 * 1024 * 1024 }

/** No entry is nested deeper. */
const MAX_DEPTH = 80

export interface Gathered {
  readonly about: Omit<About, 'version'>
  readonly transcript: Uint8Array
  readonly artifacts: ReadonlyMap<string, Uint8Array>
}

type Data = Readonly<Record<string, unknown>>

/**
 * Reads a ceremony for its report. Nothing is believed and nothing verified here: that is for the page to do, so bytes
 * that are no transcript are taken too.
 * @param place the ceremony's folder, or its transcript file (artifacts are looked for beside it)
 * @throws ReportError
 */
export function gather(place: string): Gathered {
  const isFolder = statSync(place, { throwIfNoEntry: false })?.isDirectory() ?? false
  const file = isFolder ? join(place, TRANSCRIPT) : place
  const dir = dirname(file)
  const size = statSync(file, { throwIfNoEntry: false })?.size
  if (size === undefined) throw new ReportError('report/missing', `there is no transcript at ${file}`)
  if (size > LIMITS.transcript)
    throw new ReportError('report/too-large', `the transcript has ${size} bytes; a report takes ${LIMITS.transcript}`)
  const transcript = readFileSync(file)
  const predicates = statementsOf(transcript)
  const opened = predicates[0]?.predicate
  const plan = opened ? readPlan(dir, mapOf(opened)) : null
  const packages = new Set(Object.values(mapOf(mapOf(opened).plugins)).map((plugin) => mapOf(plugin).package))
  const { artifacts, leftOut } = choose(dir, digestsIn(predicates), packages)
  return { about: { plan, leftOut }, transcript, artifacts }
}

/** What the lines say, as far as they can be read. */
function statementsOf(transcript: Uint8Array): Data[] {
  const lines = Buffer.from(transcript.buffer, transcript.byteOffset, transcript.length).toString('latin1').split('\n')
  return lines.flatMap((line) => {
    try {
      const { payload } = JSON.parse(line) as { payload: string }
      return [mapOf(JSON.parse(Buffer.from(payload, 'base64').toString('utf8')))]
    } catch {
      return []
    }
  })
}

function readPlan(dir: string, opened: Data): About['plan'] {
  const source = readArtifact(dir, mapOf(opened.runbook).sha256)
  if (!source) return null
  const titles = new Map<string, string>()
  for (const identity of Object.values(mapOf(opened.plugins))) {
    const bytes = readArtifact(dir, mapOf(identity).package)
    for (const [action, title] of bytes ? titlesIn(bytes) : []) titles.set(action, title)
  }
  return planOf(source, mapOf(opened.parameters), (action) => titles.get(action))
}

function titlesIn(bytes: Uint8Array): [string, string][] {
  try {
    const { name, actions } = unpackPlugin(bytes)
    return Object.entries(actions).map(([action, { title }]) => [`${name}/${action}`, String(title)])
  } catch {
    return []
  }
}

/** Every digest that stands under the name `sha256` anywhere, in order: more than are artifacts, which does no harm. */
function digestsIn(value: unknown, found = new Set<string>(), depth = 0): Set<string> {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return found
  const { sha256 } = value as { sha256?: unknown }
  if (typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256)) found.add(sha256)
  for (const item of Object.values(value)) digestsIn(item, found, depth + 1)
  return found
}

function choose(dir: string, digests: ReadonlySet<string>, packages: ReadonlySet<unknown>) {
  const artifacts = new Map<string, Uint8Array>()
  const leftOut: LeftOut[] = []
  let room = LIMITS.artifacts
  for (const sha256 of digests) {
    const size = statSync(artifactPath(dir, sha256), { throwIfNoEntry: false })?.size
    if (size === undefined) continue
    const why = packages.has(sha256)
      ? 'the code of a plugin, which `ceremony replay` runs'
      : size > LIMITS.artifact
        ? `larger than ${LIMITS.artifact / 1024} KiB`
        : size > room
          ? 'the page is full'
          : undefined
    const bytes = why === undefined ? readArtifact(dir, sha256) : undefined
    if (bytes) artifacts.set(sha256, bytes)
    else leftOut.push({ sha256, size, why: why ?? 'it could not be read' })
    room -= bytes?.length ?? 0
  }
  return { artifacts, leftOut }
}

function readArtifact(dir: string, digest: unknown): Uint8Array | undefined {
  if (typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest)) return undefined
  try {
    return readFileSync(artifactPath(dir, digest))
  } catch {
    return undefined
  }
}

function mapOf(value: unknown): Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Data) : {}
}
