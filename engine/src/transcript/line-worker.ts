/** A thread that judges lines, batch after batch; started by line-pool.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { linesOf } from './batches.ts'
import { Identities, type Named } from './identities.ts'
import { LineChecker, type ReadLine } from './line.ts'
import { ShapeChecker, type Shapes } from './shape.ts'

/** What the thread is started with. */
export interface WorkerStart {
  readonly dir: string | undefined
  readonly named: Named
  readonly shapes: Shapes
}

/** The lines of a batch as they come back. */
export interface WorkerReply {
  /** The statements, one behind the other, in the memory that the batch came in. */
  readonly payloads: ArrayBuffer
  /** With the length of each one's statement. */
  readonly lines: readonly (Omit<ReadLine, 'payload'> & { readonly length: number | undefined })[]
}

const { dir, named, shapes } = workerData as WorkerStart
// What is wrong with the identities themselves was told where the opening entry was read.
const checker = new LineChecker(dir, new ShapeChecker(shapes), new Identities(named, () => {}))

parentPort!.on('message', (bytes: Uint8Array<ArrayBuffer>) => {
  const batch = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const payloads = Buffer.from(bytes.buffer)
  const lines: WorkerReply['lines'][number][] = []
  let at = 0
  for (const line of linesOf(batch)) {
    const { payload, statement, ...judged } = checker.judge(line)
    // A statement is shorter than its line, so this never reaches a line that is still to be read.
    payload?.copy(payloads, at)
    at += payload?.length ?? 0
    lines.push({ ...judged, length: payload?.length })
  }
  const reply: WorkerReply = { payloads: bytes.buffer, lines }
  parentPort!.postMessage(reply, [bytes.buffer])
})
