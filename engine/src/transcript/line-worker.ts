/** A thread that judges lines, batch after batch; started by line-pool.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { linesOf } from './batches.ts'
import { Identities, type Named } from './identities.ts'
import { type JudgedLine, LineChecker } from './line.ts'
import { ShapeChecker, type Shapes } from './shape.ts'

/** What the thread is started with. */
export interface WorkerStart {
  readonly dir: string | undefined
  readonly named: Named
  readonly shapes: Shapes
}

/** The lines of a batch as they come back: column by column, because objects are slow to send. */
export interface WorkerReply {
  /** The statements, one behind the other, in the memory that the batch came in. */
  readonly payloads: ArrayBuffer
  /** Of each line: how long its statement is; -1 if it cannot be read. */
  readonly lengths: Int32Array
  /** One for each line, one behind the other. */
  readonly digests: string
  readonly keyids: Digests
  readonly artifacts: Digests
  /** Lines by their places; those that are not here are believed and without a fault. */
  readonly bad: ReadonlyMap<number, Judgement>
}

type Judgement = Pick<JudgedLine, 'believed' | 'faults'>

/** Lists of digests in hex, one list for each line. */
export interface Digests {
  /** All of them, one behind the other. */
  readonly text: string
  readonly counts: Int32Array
}

const { dir, named, shapes } = workerData as WorkerStart
// What is wrong with the identities themselves was told where the opening entry was read.
const checker = new LineChecker(dir, new ShapeChecker(shapes), new Identities(named, () => {}))

parentPort!.on('message', (bytes: Uint8Array<ArrayBuffer>) => {
  const payloads = Buffer.from(bytes.buffer)
  const lengths: number[] = []
  const digests: string[] = []
  const keyids: (readonly string[])[] = []
  const artifacts: (readonly string[])[] = []
  const bad = new Map<number, Judgement>()
  let at = 0
  for (const line of linesOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))) {
    const judged = checker.judge(line)
    const { payload, believed, faults } = judged
    if (!believed || faults.length > 0) bad.set(lengths.length, { believed, faults })
    // A statement is shorter than its line, so this never reaches a line that is still to be read.
    payload?.copy(payloads, at)
    at += payload?.length ?? 0
    lengths.push(payload?.length ?? -1)
    digests.push(judged.digest)
    keyids.push(judged.keyids)
    artifacts.push(judged.artifacts)
  }
  const reply: WorkerReply = {
    payloads: bytes.buffer,
    lengths: Int32Array.from(lengths),
    digests: digests.join(''),
    keyids: packed(keyids),
    artifacts: packed(artifacts),
    bad,
  }
  parentPort!.postMessage(reply, [bytes.buffer])
})

function packed(lists: readonly (readonly string[])[]): Digests {
  return { text: lists.flat().join(''), counts: Int32Array.from(lists, ({ length }) => length) }
}
