/**
 * A ceremony's folder on disk: the transcript, artifacts by content, and the statement that is being signed. One writer;
 * what a method promised is on disk when it resolves.
 */
import { createHash } from 'node:crypto'
import { closeSync, constants, fdatasyncSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { canonicalize, parseCanonical } from './canonical.ts'
import { bytesOfBase64, type Envelope, lineOf, parseEnvelope } from './dsse.ts'
import type { Statement } from './entry.ts'
import { lockFolder } from './lock.ts'

export const TRANSCRIPT = 'transcript.intoto.jsonl'
const PENDING = 'pending.json'
const LIMITS = { bytes: 12 * 1024 * 1024, depth: 64 }

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
  #head: Head | undefined

  private constructor(dir: string, file: number, unlock: () => void, head: Head | undefined, torn: string | undefined) {
    this.dir = dir
    this.#file = file
    this.#unlock = unlock
    this.#head = head
    this.torn = torn
  }

  /**
   * Opens the folder for writing, with an empty transcript if it has none.
   * @throws LockedError when another process writes there
   * @throws CanonicalError when the transcript cannot be read
   */
  static async open(dir: string): Promise<TranscriptStore> {
    mkdirSync(join(dir, 'artifacts', 'sha256'), { recursive: true })
    const unlock = lockFolder(dir)
    try {
      const path = join(dir, TRANSCRIPT)
      const file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, 0o644)
      syncFolder(dir)
      const torn = cutTornLine(dir, file, readFileSync(path))
      let head: Head | undefined
      for await (const { statement, digest } of readEntries(dir)) head = { sequence: statement.predicate.sequence, digest }
      return new TranscriptStore(dir, file, unlock, head, torn)
    } catch (error) {
      unlock()
      throw error
    }
  }

  /** The last entry; undefined while there is none. */
  get head(): Head | undefined {
    return this.#head
  }

  /** Reads the entries from the first on. */
  entries(): AsyncGenerator<StoredEntry> {
    return readEntries(this.dir)
  }

  /** Appends one envelope; it is on disk when this returns. What was pending is done with. */
  append(envelope: Envelope): void {
    const line = Buffer.from(`${lineOf(envelope)}\n`)
    const written = writeSync(this.#file, line)
    if (written !== line.length) throw new Error(`only ${written} of ${line.length} bytes could be written to ${TRANSCRIPT}`)
    fdatasyncSync(this.#file)
    this.#head = { sequence: (this.#head?.sequence ?? -1) + 1, digest: sha256(line.subarray(0, -1)) }
    rmSync(join(this.dir, PENDING), { force: true })
  }

  /** Keeps a statement until it is signed and appended. */
  setPending(statement: Statement): void {
    writeDurably(join(this.dir, PENDING), Buffer.from(canonicalize(statement)))
  }

  /** @returns the statement that a crash left unsigned, if it still follows on the last entry */
  takePending(): Statement | undefined {
    const path = join(this.dir, PENDING)
    let bytes: Buffer
    try {
      bytes = readFileSync(path)
    } catch {
      return undefined
    }
    const statement = parseCanonical(bytes, LIMITS) as Statement
    if ((statement.predicate.previous?.sha256 ?? null) === (this.#head?.digest ?? null)) return statement
    rmSync(path)
    return undefined
  }

  /** @returns SHA-256, hex, under which the bytes are kept */
  putArtifact(bytes: Uint8Array): string {
    const digest = sha256(bytes)
    const path = artifactPath(this.dir, digest)
    try {
      if (sha256(readFileSync(path)) === digest) return digest
    } catch {
      // not there yet
    }
    writeDurably(path, bytes)
    return digest
  }

  /** @throws Error if it is missing or its bytes are others */
  getArtifact(digest: string): Uint8Array {
    const bytes = readFileSync(artifactPath(this.dir, digest))
    if (sha256(bytes) !== digest) throw new Error(`artifact ${digest} has other bytes than its name says`)
    return new Uint8Array(bytes)
  }

  close(): void {
    closeSync(this.#file)
    this.#unlock()
  }
}

/** @returns where an artifact lies */
export function artifactPath(dir: string, digest: string): string {
  return join(dir, 'artifacts', 'sha256', digest)
}

/**
 * Reads the entries of a ceremony's folder one by one, in constant memory. Form only: nothing is verified.
 * @throws CanonicalError naming the line
 */
export async function* readEntries(dir: string): AsyncGenerator<StoredEntry> {
  let number = 0
  for await (const line of readLines(join(dir, TRANSCRIPT))) {
    number++
    const envelope = parseEnvelope(line)
    const payload = bytesOfBase64(envelope.payload, 'payload')
    const statement = parseCanonical(payload, LIMITS) as Statement
    yield { line: number, envelope, statement, payloadDigest: createHash('sha256').update(payload).digest(), digest: sha256(line) }
  }
}

/** Reads a file line by line, as bytes without the newline; what stands behind the last newline is left out. */
export async function* readLines(path: string): AsyncGenerator<Buffer> {
  const file = await open(path, 'r')
  try {
    let rest: Buffer = Buffer.alloc(0)
    for await (const chunk of file.createReadStream({ highWaterMark: 1 << 20, autoClose: false })) {
      let data: Buffer = rest.length > 0 ? Buffer.concat([rest, chunk as Buffer]) : (chunk as Buffer)
      for (let end = data.indexOf(0x0a); end >= 0; end = data.indexOf(0x0a)) {
        yield data.subarray(0, end)
        data = data.subarray(end + 1)
      }
      rest = data
    }
  } finally {
    await file.close()
  }
}

/** A last line without its newline was never promised to anyone: it is kept aside and cut off. */
function cutTornLine(dir: string, file: number, bytes: Buffer): string | undefined {
  const end = bytes.lastIndexOf(0x0a) + 1
  if (end === bytes.length) return undefined
  const aside = join(dir, `torn-${sha256(bytes.subarray(end)).slice(0, 16)}.bytes`)
  writeDurably(aside, bytes.subarray(end))
  ftruncateSync(file, end)
  fsyncSync(file)
  return aside
}

/** Writes a file so that after a crash it is there whole or not at all. */
function writeDurably(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.new`
  const file = openSync(temporary, 'w', 0o644)
  try {
    writeFileSync(file, bytes)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
  syncFolder(dirname(path))
}

function syncFolder(dir: string): void {
  const folder = openSync(dir, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
