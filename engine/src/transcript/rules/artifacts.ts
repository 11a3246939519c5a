/** Artifacts: what an entry names is there, with the bytes that its digest says. */
import { createHash } from 'node:crypto'
import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import type { Entry } from '../entry.ts'
import { artifactPath } from '../store.ts'
import type { Checked, Report } from '../verify.ts'

/** What a file holds, without holding it in memory. */
interface Content {
  readonly digest: string
  readonly size: number
  /** How many newlines. */
  readonly lines: number
}

export class ArtifactRules {
  readonly #dir: string
  /** What is there under each digest that was named; undefined if nothing is. */
  readonly #named = new Map<string, Content | undefined>()

  constructor(dir: string) {
    this.#dir = dir
  }

  check({ entry, statement, report }: Checked): void {
    // An entry that made no artifact speaks of the ceremony itself, because a statement must have a subject.
    const ceremony = createHash('sha256').update(entry.ceremony).digest('hex')
    for (const { digest } of statement.subject) if (digest.sha256 !== ceremony) this.#find(digest.sha256, report)
    for (const { sha256, count } of exchangesOf(entry)) {
      const lines = this.#find(sha256, report)?.lines
      if (lines !== undefined && lines !== count) report('artifact/exchanges', `${lines} lines in ${sha256}`, `${count} exchanges`)
    }
    if (entry.kind !== 'outcome') return
    for (const { sha256, size } of artifactsIn(entry.outputs)) {
      const found = this.#find(sha256, report)?.size
      if (found !== undefined && found !== size) report('artifact/size', `${found} bytes in ${sha256}`, `${size} bytes`)
    }
  }

  /** An artifact that no entry names may be what a crash left; it proves nothing. */
  atEnd(warn: Report): void {
    for (const file of filesIn(artifactPath(this.#dir, ''))) {
      if (!this.#named.has(file)) warn('artifact/unnamed', `artifacts/sha256/${file}`, 'only artifacts that an entry names')
    }
  }

  #find(digest: string, report: Report): Content | undefined {
    if (this.#named.has(digest)) return this.#named.get(digest)
    const found = contentOf(artifactPath(this.#dir, digest))
    if (found === undefined) report('artifact/missing', 'no such file', `artifacts/sha256/${digest}`)
    else if (found.digest !== digest) report('artifact/digest', `bytes with digest ${found.digest}`, digest)
    const right = found?.digest === digest ? found : undefined
    this.#named.set(digest, right)
    return right
  }
}

function exchangesOf(entry: Entry): { sha256: string; count: number }[] {
  if (entry.kind === 'outcome') return entry.exchanges ? [entry.exchanges] : []
  if (entry.kind === 'resolution') return [entry.exchanges, entry.interrupted].filter((exchanges) => exchanges !== null)
  return []
}

/** Artifacts as the plugins' contract writes them: `{ name, sha256, size }`, anywhere in the outputs. */
function* artifactsIn(value: unknown): Generator<{ sha256: string; size: number }> {
  if (typeof value !== 'object' || value === null) return
  const { sha256, size } = value as { sha256?: unknown; size?: unknown }
  const isArtifact =
    Object.keys(value).sort().join() === 'name,sha256,size' && typeof size === 'number' && /^[0-9a-f]{64}$/.test(String(sha256))
  if (isArtifact) yield { sha256: String(sha256), size }
  else for (const item of Object.values(value)) yield* artifactsIn(item)
}

function filesIn(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}

function contentOf(path: string): Content | undefined {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    const hash = createHash('sha256')
    const block = Buffer.alloc(1 << 16)
    let [size, lines] = [0, 0]
    for (let read = readSync(file, block); read > 0; read = readSync(file, block)) {
      const bytes = block.subarray(0, read)
      hash.update(bytes)
      size += read
      for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) lines++
    }
    return { digest: hash.digest('hex'), size, lines }
  } catch {
    return undefined
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
