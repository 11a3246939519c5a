/** Artifacts: what an entry names is there, with the bytes that its digest says. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { Entry } from '../entry.ts'
import { artifactPath } from '../store.ts'
import type { Checked } from '../verify.ts'

export class ArtifactRules {
  readonly #dir: string
  readonly #known = new Set<string>()

  constructor(dir: string) {
    this.#dir = dir
  }

  check({ entry, statement, report }: Checked): void {
    const digests = [...exchangesOf(entry)]
    for (const { name, digest } of statement.subject) if (name !== 'ceremony') digests.push(digest.sha256)
    for (const digest of digests) {
      if (this.#known.has(digest)) continue
      this.#known.add(digest)
      const found = digestOf(artifactPath(this.#dir, digest))
      if (found === undefined) report('artifact/missing', 'no such file', `artifacts/sha256/${digest}`)
      else if (found !== digest) report('artifact/digest', `bytes with digest ${found}`, digest)
    }
  }

  /** An artifact that no entry names is none of this ceremony’s. */
  atEnd(report: Checked['report']): void {
    let files: string[]
    try {
      files = readdirSync(artifactPath(this.#dir, ''))
    } catch {
      return
    }
    for (const file of files) if (!this.#known.has(file)) report('artifact/unknown', `artifacts/sha256/${file}`, 'artifacts that an entry names')
  }
}

function* exchangesOf(entry: Entry): Generator<string> {
  if (entry.kind !== 'outcome' && entry.kind !== 'resolution') return
  if (entry.exchanges) yield entry.exchanges.sha256
  if (entry.kind === 'resolution' && entry.interrupted) yield entry.interrupted.sha256
}

function digestOf(path: string): string | undefined {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex')
  } catch {
    return undefined
  }
}
