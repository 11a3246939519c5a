/**
 * A ceremony's folder on disk: the transcript, artifacts by content, and the statement that is being signed. One writer;
 * what a method promised is on disk when it returns.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  existsSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { CanonicalError, parseCanonical, STATEMENT_LIMITS } from './canonical.ts'
import { bytesOfBase64, ENVELOPE_LIMITS, type Envelope, lineOf, parseEnvelope } from './dsse.ts'
import type { Statement } from './entry.ts'
import { lengthOfLines, readLines, syncFolder, UNFINISHED, writeDurably } from './files.ts'
import { lockFolder } from './lock.ts'
import { Pending } from './pending.ts'
import { expectWhole, storing } from './storage-error.ts'

export const TRANSCRIPT = 'transcript.intoto.jsonl'

export interface Head {
  readonly sequence: number
  /** SHA-256, hex, of the last line. */
  readonly digest: string
}

/** One entry as it stands in the file. */
export interface StoredEntry {
  /** Counted from one. */
  readonly line: number
  readonly envelope: Envelope
  readonly statement: Statement
  /** SHA-256 of the statement's bytes. */
  readonly payloadDigest: Uint8Array
  /** SHA-256, hex, of the line. */
  readonly digest: string
}

export class TranscriptStore {
  readonly dir: string
  /** What a crash left of a last line: moved to this file. */
  readonly torn: string | undefined
  readonly #file: number
  readonly #unlock: () => void
  readonly #pending: Pending
  #size: number
  #head: Head | undefined
  #broken = false

  private constructor(dir: string, file: number, unlock: () => void, torn: string | undefined) {
    this.dir = dir
    this.#file = file
    this.#unlock = unlock
    this.torn = torn
    this.#size = fstatSync(file).size
    this.#pending = new Pending(join(dir, 'pending.json'))
  }

  /**
   * Opens the folder for writing, with an empty transcript if it has none.
   * @throws LockedError when another process writes there
   * @throws CanonicalError naming the line, when the transcript cannot be read
   * @throws StorageError when the folder cannot be written
   */
  static async open(dir: string): Promise<TranscriptStore> {
    const unlock = storing(dir, () => {
      makeFolders(dir)
      return lockFolder(dir)
    })
    let file: number | undefined
    try {
      const store = storing(join(dir, TRANSCRIPT), () => {
        file = openSync(join(dir, TRANSCRIPT), constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, 0o644)
        syncFolder(dir)
        clearUnfinished(dirname(artifactPath(dir, '-')))
        return new TranscriptStore(dir, file, unlock, cutTornLine(dir, file))
      })
      for await (const { statement, digest } of readEntries(join(dir, TRANSCRIPT)))
        store.#head = { sequence: statement.predicate.sequence, digest }
      return store
    } catch (error) {
      if (file !== undefined) closeSync(file)
      leave(unlock)
      throw error
    }
  }

  /** The last entry; undefined while there is none. */
  get head(): Head | undefined {
    return this.#head
  }

  /** Reads the entries from the first on. */
  entries(): AsyncGenerator<StoredEntry> {
    return readEntries(join(this.dir, TRANSCRIPT))
  }

  /**
   * Appends one envelope; it is on disk when this returns, and what was pending is done with.
   * @throws CanonicalError for an envelope that could not be read again
   * @throws StorageError when it could not be written; this store then takes no more
   */
  append(envelope: Envelope): void {
    if (this.#broken) throw new Error(`${TRANSCRIPT} could not be written before; open the folder again`)
    const line = Buffer.from(`${lineOf(envelope)}\n`)
    if (line.length > ENVELOPE_LIMITS.bytes)
      throw new CanonicalError(`an entry of ${line.length} bytes; ${ENVELOPE_LIMITS.bytes} are allowed`)
    try {
      storing(TRANSCRIPT, () => {
        expectWhole(TRANSCRIPT, writeSync(this.#file, line), line.length)
        fdatasyncSync(this.#file)
      })
    } catch (error) {
      // Nothing may follow on half a line.
      this.#broken = true
      this.#cutBack()
      throw error
    }
    this.#size += line.length
    this.#head = { sequence: (this.#head?.sequence ?? -1) + 1, digest: sha256(line.subarray(0, -1)) }
  }

  /** Keeps a statement until it is signed and appended. @throws CanonicalError */
  setPending(statement: Statement): void {
    this.#pending.write(statement)
  }

  /** @returns the statement that a crash left unsigned, if it still follows on the last entry */
  takePending(): Statement | undefined {
    const statement = this.#pending.read()
    if (statement && this.#follows(statement)) return statement
    storing(this.dir, () => this.#pending.remove())
    return undefined
  }

  /** @returns SHA-256, hex, under which the bytes are kept. @throws StorageError */
  putArtifact(bytes: Uint8Array): string {
    const digest = sha256(bytes)
    const path = artifactPath(this.dir, digest)
    storing(path, () => {
      if (!existsSync(path) || sha256(readFileSync(path)) !== digest) writeDurably(path, bytes)
    })
    return digest
  }

  /** @throws Error if it is missing or its bytes are others */
  getArtifact(digest: string): Uint8Array {
    if (!/^[0-9a-f]{64}$/.test(digest)) throw new Error(`${JSON.stringify(digest)} is not the digest of an artifact`)
    const bytes = readFileSync(artifactPath(this.dir, digest))
    if (sha256(bytes) !== digest) throw new Error(`artifact ${digest} has other bytes than its name says`)
    return new Uint8Array(bytes)
  }

  /** Gives the folder back. Throws nothing: what cannot be removed now means nothing to the next one who opens it. */
  close(): void {
    leave(() => {
      const pending = this.#pending.read()
      if (pending && this.#follows(pending)) this.#pending.close()
      else this.#pending.remove()
    })
    closeSync(this.#file)
    leave(this.#unlock)
  }

  #cutBack(): void {
    // If this fails too, the next one who opens the folder does it.
    leave(() => ftruncateSync(this.#file, this.#size))
  }

  #follows({ predicate }: Statement): boolean {
    return (predicate.previous?.sha256 ?? null) === (this.#head?.digest ?? null)
  }
}

/** @returns where an artifact lies */
export function artifactPath(dir: string, digest: string): string {
  return join(dir, 'artifacts', 'sha256', digest)
}

/** @returns the bytes that lie under that digest, unchecked; undefined if nothing does */
export function readArtifact(dir: string, digest: string): Uint8Array | undefined {
  const path = artifactPath(dir, digest)
  // What is no file, a pipe say, might never end.
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path) : undefined
}

/**
 * @param place a ceremony's folder, or its transcript (artifacts are looked for beside it)
 * @throws Error if there is nothing
 */
export function locate(place: string): { readonly dir: string; readonly file: string } {
  return statSync(place).isDirectory() ? { dir: place, file: join(place, TRANSCRIPT) } : { dir: dirname(place), file: place }
}

/**
 * Reads the entries of a transcript one by one, in constant memory. Form only: nothing is verified.
 * @throws CanonicalError naming the line
 */
export async function* readEntries(file: string): AsyncGenerator<StoredEntry> {
  let number = 0
  for await (const line of readLines(file, ENVELOPE_LIMITS.bytes)) {
    number++
    yield readEntry(line, number)
  }
}

function readEntry(line: Buffer, number: number): StoredEntry {
  try {
    const envelope = parseEnvelope(line)
    const payload = bytesOfBase64(envelope.payload, 'payload')
    const statement = parseCanonical(payload, STATEMENT_LIMITS) as Statement
    return { line: number, envelope, statement, payloadDigest: createHash('sha256').update(payload).digest(), digest: sha256(line) }
  } catch (error) {
    if (!(error instanceof CanonicalError)) throw error
    throw new CanonicalError(`line ${number} of ${TRANSCRIPT}: ${error.message}. It was altered; compare it with a copy`)
  }
}

function leave(work: () => void): void {
  try {
    work()
  } catch {
    // Said by whoever calls this.
  }
}

function makeFolders(dir: string): void {
  const first = mkdirSync(dir, { recursive: true })
  // Each new folder's name is an entry of the one above it.
  const above = first === undefined ? undefined : dirname(resolve(first))
  for (let folder = resolve(dir); above !== undefined && folder !== above; folder = dirname(folder)) syncFolder(dirname(folder))
  // One by one: asked for both at once, Node reports a read-only disk as something that is missing.
  for (const folder of [join(dir, 'artifacts'), join(dir, 'artifacts', 'sha256')]) {
    if (existsSync(folder)) continue
    mkdirSync(folder)
    syncFolder(dirname(folder))
  }
}

/** What a crash left of an artifact that was being written. */
function clearUnfinished(dir: string): void {
  for (const name of readdirSync(dir)) if (name.endsWith(UNFINISHED)) rmSync(join(dir, name), { force: true })
}

/**
 * A last line without its newline was never promised to anyone: it is kept aside and cut off.
 * @returns the file that it was moved to
 */
function cutTornLine(dir: string, file: number): string | undefined {
  const { size } = fstatSync(file)
  const whole = lengthOfLines(file, size)
  if (whole === size) return undefined
  const torn = Buffer.alloc(size - whole)
  readSync(file, torn, 0, torn.length, whole)
  const aside = join(dir, `torn-${new Date().toISOString().replaceAll(':', '-')}.bytes`)
  writeDurably(aside, torn)
  ftruncateSync(file, whole)
  fdatasyncSync(file)
  return aside
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
