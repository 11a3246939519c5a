/** Reads a transcript in batches of whole lines: small enough for constant memory, large enough to be worth handing to a thread. */
import { type FileHandle, open } from 'node:fs/promises'
import { CanonicalError } from './canonical.ts'

const BATCH = 1 << 18

/** Some bytes of a file, behind each line a newline; of the last batch what stands behind the last newline is missing. */
export interface Batch {
  readonly bytes: Buffer
  /** How many bytes behind the last newline of the file were left out; 0 but for the last batch. */
  readonly torn: number
}

/** @throws CanonicalError for a line longer than `limit`, before it fills the memory */
export async function* readBatches(path: string, limit: number): AsyncGenerator<Batch> {
  const file = await open(path, 'r')
  try {
    let rest: Buffer = Buffer.alloc(0)
    for (let longer = BATCH; ; ) {
      const block = await fill(file, rest, rest.length + longer)
      const whole = block.lastIndexOf(0x0a) + 1
      const atEnd = block.length < rest.length + longer
      // A copy, because who gets the block may give it away.
      rest = Buffer.from(block.subarray(whole))
      if (rest.length > limit) throw new CanonicalError(`a line longer than ${limit} bytes`)
      if (whole > 0 || atEnd) yield { bytes: block.subarray(0, whole), torn: atEnd ? rest.length : 0 }
      if (atEnd) return
      // Of a long line, ever larger pieces, so that it is not copied again and again.
      longer = whole > 0 ? BATCH : rest.length
    }
  } finally {
    await file.close()
  }
}

/** @returns `rest` and what follows it in the file, in memory of its own: as many bytes as asked for, less only at the end */
async function fill(file: FileHandle, rest: Buffer, length: number): Promise<Buffer> {
  const block = Buffer.from(new ArrayBuffer(length))
  rest.copy(block)
  let at = rest.length
  while (at < length) {
    const { bytesRead } = await file.read(block, at, length - at)
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
