/** A thread that judges lines, batch after batch; started by line-pool.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { linesOf } from './batches.ts'
import { Identities, type Named } from './identities.ts'
import { LineChecker, type ReadLine } from './line.ts'

/** What the thread is started with. */
export interface WorkerStart {
  readonly dir: string | undefined
  readonly named: Named
}

/** The lines of a batch as they come back: the statements' bytes one behind the other, and where each ends. */
export interface WorkerReply {
  readonly payloads: Uint8Array<ArrayBuffer>
  readonly lines: readonly (Omit<ReadLine, 'payload'> & { readonly length: number | undefined })[]
}

const { dir, named } = workerData as WorkerStart
// What is wrong with the identities themselves was told where the opening entry was read.
const checker = new LineChecker(dir, new Identities(named, () => {}))

parentPort!.on('message', (bytes: Uint8Array) => {
  const payloads = Buffer.from(new ArrayBuffer(bytes.length))
  const lines: WorkerReply['lines'][number][] = []
  let at = 0
  for (const line of linesOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))) {
    const { payload, statement, ...judged } = checker.judge(line)
    payload?.copy(payloads, at)
    at += payload?.length ?? 0
    lines.push({ ...judged, length: payload?.length })
  }
  const reply: WorkerReply = { payloads: new Uint8Array(payloads.buffer as ArrayBuffer, 0, at), lines }
  parentPort!.postMessage(reply, [reply.payloads.buffer])
})
