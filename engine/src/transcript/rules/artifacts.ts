/** Artifacts: what an entry names is there, with the bytes that its digest says, and no secret among them. */
import { createHash, hash } from 'node:crypto'
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import type { Entry, Statement } from '../entry.ts'
import { artifactPath } from '../store.ts'
import type { Report } from './report.ts'
import { SecretScanner } from './secrets.ts'

/** What a file holds, without holding it in memory. */
interface Content {
  readonly digest: string
  readonly size: number
  /** How many newlines. */
  readonly lines: number
  /** Kinds of secrets that it seems to hold, with the line they stand in. */
  readonly secrets: readonly string[]
}

/** How many artifacts are remembered, so that one which is named again and again is read once. */
const REMEMBERED = 1000

let last = { ceremony: '', digest: hash('sha256', '') }

/** @returns SHA-256, hex, of a ceremony's id: the subject of an entry that made no artifact; remembered for the next entry */
export function digestOfCeremony(ceremony: string): string {
  if (last.ceremony !== ceremony) last = { ceremony, digest: hash('sha256', ceremony) }
  return last.digest
}

export class ArtifactRules {
  readonly #dir: string
  readonly #known = new Map<string, Content | undefined>()

  /** @param dir the folder of the ceremony */
  constructor(dir: string) {
    this.#dir = dir
  }

  /** @returns the digests of all artifacts that the entry names */
  check({ subject, predicate: entry }: Statement, report: Report): string[] {
    const named = new Map<string, Content | undefined>()
    const find = (digest: string): Content | undefined => {
      if (!named.has(digest)) named.set(digest, this.#find(digest, report))
      return named.get(digest)
    }
    // An entry that made no artifact speaks of the ceremony itself, because a statement must have a subject.
    const ceremony = digestOfCeremony(entry.ceremony)
    for (const { digest } of subject) if (digest.sha256 !== ceremony) find(digest.sha256)
    for (const { sha256, count } of exchangesOf(entry)) {
      const lines = find(sha256)?.lines
      if (lines !== undefined && lines !== count) report('artifact/exchanges', `${lines} lines in ${sha256}`, `${count} exchanges`)
    }
    if (entry.kind !== 'outcome') return [...named.keys()]
    for (const { sha256, size } of artifactsIn(entry.outputs)) {
      const found = find(sha256)?.size
      if (found !== undefined && found !== size) report('artifact/size', `${found} bytes in ${sha256}`, `${size} bytes`)
    }
    return [...named.keys()]
  }

  #find(digest: string, report: Report): Content | undefined {
    if (!this.#known.has(digest)) {
      if (this.#known.size >= REMEMBERED) this.#known.clear()
      this.#known.set(digest, contentOf(artifactPath(this.#dir, digest)))
    }
    const found = this.#known.get(digest)
    if (found === undefined) report('artifact/missing', 'no such file', `artifacts/sha256/${digest}`)
    else if (found.digest !== digest) report('artifact/digest', `bytes with digest ${found.digest}`, digest)
    for (const secret of found?.secrets ?? []) report('secret/artifact', `${secret} of artifact ${digest}`, 'no secret')
    return found?.digest === digest ? found : undefined
  }
}

function exchangesOf(entry: Entry): { sha256: string; count: number }[] {
  return (entry.kind === 'outcome' || entry.kind === 'resolution') && entry.exchanges ? [entry.exchanges] : []
}

/** Artifacts as the plugins' contract writes them: `{ name, sha256, size }`, anywhere in data. */
export function* artifactsIn(value: unknown): Generator<{ name: string; sha256: string; size: number }> {
  if (typeof value !== 'object' || value === null) return
  const { name, sha256, size } = value as { name?: unknown; sha256?: unknown; size?: unknown }
  const isArtifact = typeof sha256 === 'string' && typeof size === 'number' && typeof name === 'string' && Object.keys(value).length === 3
  if (isArtifact && /^[0-9a-f]{64}$/.test(sha256)) yield { name, sha256, size }
  else for (const item of Object.values(value)) yield* artifactsIn(item)
}

function contentOf(path: string): Content | undefined {
  let file: number | undefined
  try {
    // What is no file, a pipe say, might never end.
    if (!statSync(path).isFile()) return undefined
    file = openSync(path, 'r')
    const digest = createHash('sha256')
    const scanner = new SecretScanner()
    const block = Buffer.alloc(1 << 16)
    let [size, lines] = [0, 0]
    for (let read = readSync(file, block); read > 0; read = readSync(file, block)) {
      const bytes = block.subarray(0, read)
      digest.update(bytes)
      scanner.read(bytes)
      size += read
      for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) lines++
    }
    return { digest: digest.digest('hex'), size, lines, secrets: scanner.found() }
  } catch {
    return undefined
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
