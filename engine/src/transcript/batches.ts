/** Reads a transcript in batches of whole lines: small enough for constant memory, large enough to be worth handing to a thread. */
import { type FileHandle, open } from 'node:fs/promises'
import { CanonicalError } from './canonical.ts'

const BATCH = 1 << 17

/** Some bytes of a file: whole lines, behind each a newline. */
export interface Batch {
  readonly bytes: Buffer
  /** How many bytes behind the last newline of the file were left out; 0 but for the last batch. */
  readonly torn: number
}

/** Memory that was used for a batch and may be used for another; without it, gigabytes pass through the garbage. */
export class Spare {
  readonly #buffers: ArrayBuffer[] = []

  /** @returns memory of that length at least */
  take(length: number): Buffer {
    return Buffer.from(length === BATCH ? (this.#buffers.pop() ?? new ArrayBuffer(BATCH)) : new ArrayBuffer(length))
  }

  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength === BATCH) this.#buffers.push(buffer)
  }
}

/**
 * @param spare where memory comes from; who takes a batch gives it back when done with
 * @throws CanonicalError for a line longer than `limit`, before it fills the memory
 */
export async function* readBatches(path: string, limit: number, spare: Spare): AsyncGenerator<Batch> {
  const file = await open(path, 'r')
  try {
    let rest: Buffer = Buffer.alloc(0)
    for (let length = BATCH; ; ) {
      const block = await fill(file, rest, spare.take(length))
      const whole = block.lastIndexOf(0x0a) + 1
      const atEnd = block.length < length
      // A copy, because the block is given away.
      rest = Buffer.from(block.subarray(whole))
      if (rest.length > limit) throw new CanonicalError(`a line longer than ${limit} bytes`)
      if (whole > 0 || atEnd) yield { bytes: block.subarray(0, whole), torn: atEnd ? rest.length : 0 }
      if (atEnd) return
      // A long line is read in ever larger pieces, so that it is not copied again and again.
      length = rest.length < BATCH / 2 ? BATCH : rest.length * 2
    }
  } finally {
    await file.close()
  }
}

/** @returns `rest` and what follows it in the file: as much as the block takes, less only at the end */
async function fill(file: FileHandle, rest: Buffer, block: Buffer): Promise<Buffer> {
  rest.copy(block)
  let at = rest.length
  while (at < block.length) {
    const { bytesRead } = await file.read(block, at, block.length - at)
    if (bytesRead === 0) break
    at += bytesRead
  }
  return block.subarray(0, at)
}

/** The lines of a batch, without their newlines. */
export function* linesOf(bytes: Buffer): Generator<Buffer> {
  let from = 0
  for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, from)) {
    yield bytes.subarray(from, end)
    from = end + 1
  }
}
