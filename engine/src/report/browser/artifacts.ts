/** Artifacts: those that the page holds have the bytes that the entries say. */
import type { Entry } from '../../transcript/entry.ts'
import type { LeftOut } from './about.ts'
import { sha256 } from './bytes.ts'
import type { EmbeddedArtifact } from './embedded.ts'
import type { Line } from './lines.ts'
import type { Report } from './turn.ts'

/** Something that an entry names by digest. */
export interface Named {
  readonly sha256: string
  readonly name: string
  /** Line of the first entry that names it. */
  readonly line: number
  readonly state: 'good' | 'altered' | 'left-out' | 'missing'
  readonly size: number | undefined
  readonly why?: string
}

/**
 * @param report is given the line that names the artifact
 * @returns everything that the entries name, in their order
 */
export async function checkArtifacts(
  lines: readonly Line[],
  artifacts: ReadonlyMap<string, EmbeddedArtifact>,
  leftOut: readonly LeftOut[],
  reportAt: (line: number) => Report,
): Promise<Named[]> {
  const omitted = new Map(leftOut.map((item) => [item.sha256, item]))
  const named = new Map<string, Named>()
  for (const { number, statement } of lines) {
    if (!statement) continue
    const report = reportAt(number)
    const ceremony = await sha256(new TextEncoder().encode(statement.predicate.ceremony))
    for (const item of namesIn(statement.predicate, statement.subject)) {
      if (item.sha256 === ceremony) continue
      const held = artifacts.get(item.sha256)
      if (held && item.size !== undefined && item.size !== held.bytes.length)
        report('artifact/size', `${held.bytes.length} bytes in ${item.sha256}`, `${item.size} bytes`)
      if (held && item.count !== undefined && item.count !== newlines(held.bytes))
        report('artifact/exchanges', `${newlines(held.bytes)} lines in ${item.sha256}`, `${item.count} exchanges`)
      const known = named.get(item.sha256)
      if (known) {
        if (item.better) named.set(item.sha256, { ...known, name: item.name })
        continue
      }
      const absent = omitted.get(item.sha256)
      const state = held ? ((await sha256(held.bytes)) === item.sha256 ? 'good' : 'altered') : absent ? 'left-out' : 'missing'
      if (state === 'altered') report('artifact/digest', 'other bytes', item.sha256)
      if (state === 'missing') report('artifact/missing', 'no such artifact', item.sha256)
      const size = held?.bytes.length ?? absent?.size
      named.set(item.sha256, { sha256: item.sha256, name: item.name, line: number, state, size, ...(absent ? { why: absent.why } : {}) })
    }
  }
  return [...named.values()]
}

interface Naming {
  readonly sha256: string
  readonly name: string
  readonly size?: number
  readonly count?: number
  readonly better?: boolean
}

function* namesIn(entry: Entry, subjects: readonly { name: string; digest: { sha256: string } }[]): Generator<Naming> {
  for (const { name, digest } of subjects) yield { sha256: digest.sha256, name, better: true }
  if (entry.kind === 'outcome') {
    if (entry.exchanges) yield { name: `exchanges of ${entry.step}`, ...entry.exchanges }
    yield* artifactsIn(entry.outputs)
  }
  if (entry.kind === 'resolution') {
    if (entry.exchanges) yield { name: `exchanges that settled ${entry.step}`, ...entry.exchanges }
  }
}

/** Artifacts as the plugins' contract writes them: `{ name, sha256, size }`, anywhere in the outputs. */
function* artifactsIn(value: unknown): Generator<Naming> {
  if (typeof value !== 'object' || value === null) return
  const { name, sha256: digest, size } = value as { name?: unknown; sha256?: unknown; size?: unknown }
  const isArtifact =
    Object.keys(value).sort().join() === 'name,sha256,size' && typeof size === 'number' && /^[0-9a-f]{64}$/.test(String(digest))
  if (isArtifact) yield { name: String(name), sha256: String(digest), size }
  else for (const item of Object.values(value)) yield* artifactsIn(item)
}

function newlines(bytes: Uint8Array): number {
  let count = 0
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) count++
  return count
}
