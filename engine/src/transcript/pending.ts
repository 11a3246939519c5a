/**
 * The statement that is being signed, kept until it is appended: between an effect and its last signature a crash must
 * not lose what happened. One line of JSON, `{"sha256":…,"statement":…}`, written over in place because this is done for
 * every entry: a line that a crash left half written does not fit its own digest and counts for nothing, which is the
 * same as a crash a moment earlier. What has been appended stays in the file; it no longer follows on the last entry.
 */
import { createHash } from 'node:crypto'
import { closeSync, constants, fdatasyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { CanonicalError, canonicalize, parseCanonical, STATEMENT_LIMITS } from './canonical.ts'
import type { Statement } from './entry.ts'
import { syncFolder } from './files.ts'
import { expectWhole, storing } from './storage-error.ts'

interface Line {
  readonly sha256: string
  readonly statement: Statement
}

export class Pending {
  readonly #path: string
  #file: number | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** Keeps a statement in place of the one before; it is on disk when this returns. @throws CanonicalError, StorageError */
  write(statement: Statement): void {
    const bytes = Buffer.from(`${canonicalize({ sha256: digestOf(statement), statement } satisfies Line)}\n`)
    storing(this.#path, () => {
      if (this.#file === undefined) {
        this.#file = openSync(this.#path, constants.O_WRONLY | constants.O_CREAT, 0o600)
        syncFolder(dirname(this.#path))
      }
      expectWhole(this.#path, writeSync(this.#file, bytes, 0, bytes.length, 0), bytes.length)
      fdatasyncSync(this.#file)
    })
  }

  /** @returns the statement that was written last; undefined if there is none or only half of one */
  read(): Statement | undefined {
    try {
      const bytes = readFileSync(this.#path)
      const end = bytes.indexOf(0x0a)
      const line = parseCanonical(bytes.subarray(0, Math.max(0, end)), STATEMENT_LIMITS) as Line
      return line.sha256 === digestOf(line.statement) ? line.statement : undefined
    } catch (error) {
      if (error instanceof CanonicalError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  remove(): void {
    this.close()
    rmSync(this.#path, { force: true })
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }
}

function digestOf(statement: Statement): string {
  return createHash('sha256').update(canonicalize(statement)).digest('hex')
}
