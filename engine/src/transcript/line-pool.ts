/** Judges lines on all cores: batches go to the threads in turn, and come back in the order of the file. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Spare } from './batches.ts'
import { readCanonical } from './canonical-read.ts'
import type { Statement } from './entry.ts'
import { STATEMENT_SHAPES } from './entry-schema.ts'
import type { Identities } from './identities.ts'
import type { JudgedLine } from './line.ts'
import type { Digests, WorkerReply, WorkerStart } from './line-worker.ts'

const WORKER = new URL('./line-worker.ts', import.meta.url)
/** What is left to the one thread that looks at the order keeps hardly more busy; each takes some 25 MiB. */
const MAX_THREADS = 4
/** Threads read small pieces and keep nothing; unbounded, their garbage would pile up. */
const MEMORY = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 512 }

export class LinePool {
  readonly #threads: Thread[]
  readonly #spare: Spare
  #next = 0

  /** @param spare gets the memory of batches that are done with */
  constructor(dir: string | undefined, identities: Identities, spare: Spare) {
    this.#spare = spare
    const start: WorkerStart = { dir, named: identities.named, shapes: STATEMENT_SHAPES }
    const count = Math.min(availableParallelism(), MAX_THREADS)
    this.#threads = Array.from({ length: count }, () => new Thread(start))
  }

  /** How many batches are worth having under way. */
  get width(): number {
    return this.#threads.length * 2
  }

  /** @param bytes whole lines in memory of their own, which is given away */
  async judge(bytes: Buffer): Promise<Iterable<JudgedLine>> {
    return this.#judgedLines(await this.#threads[this.#next++ % this.#threads.length]!.ask(bytes))
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.end()))
  }

  *#judgedLines({ payloads, lengths, digests, keyids, artifacts, bad }: WorkerReply): Generator<JudgedLine> {
    const bytes = Buffer.from(payloads)
    const columns = [keyids, artifacts].map(unpacked)
    let at = 0
    for (const [place, length] of lengths.entries()) {
      const statement = length < 0 ? undefined : (readCanonical(bytes.subarray(at, at + length)) as Statement)
      at += Math.max(0, length)
      const [keyids, artifacts] = columns.map((column) => column.next().value ?? []) as [string[], string[]]
      yield { digest: digests.slice(place * DIGEST, (place + 1) * DIGEST), statement, keyids, artifacts, ...(bad.get(place) ?? GOOD) }
    }
    this.#spare.give(payloads)
  }
}

const GOOD = { believed: true, faults: [] }
const DIGEST = 64

function* unpacked({ text, counts }: Digests): Generator<string[]> {
  let at = 0
  for (const count of counts) {
    const list: string[] = []
    for (const end = at + count * DIGEST; at < end; at += DIGEST) list.push(text.slice(at, at + DIGEST))
    yield list
  }
}

class Thread {
  readonly #worker: Worker
  /** Who waits for an answer: they come in the order of the questions. */
  readonly #waiting: PromiseWithResolvers<WorkerReply>[] = []
  #failed: Error | undefined

  constructor(start: WorkerStart) {
    this.#worker = new Worker(WORKER, { workerData: start, resourceLimits: MEMORY })
    this.#worker.on('message', (reply: WorkerReply) => this.#waiting.shift()?.resolve(reply))
    this.#worker.on('error', (error) => {
      this.#failed = error as Error
      for (const { reject } of this.#waiting.splice(0)) reject(error)
    })
  }

  ask(bytes: Buffer): Promise<WorkerReply> {
    const answer = Promise.withResolvers<WorkerReply>()
    // Whoever stops reading leaves answers that nobody waits for.
    answer.promise.catch(() => {})
    if (this.#failed) answer.reject(this.#failed)
    else {
      this.#waiting.push(answer)
      this.#worker.postMessage(bytes, [bytes.buffer as ArrayBuffer])
    }
    return answer.promise
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }
}
