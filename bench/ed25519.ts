/** Ed25519 by node:crypto, signing and verifying a message of a transcript entry's size. Also run as a worker, one a core. */
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { rate } from './benchmark.ts'

export type Operation = 'sign' | 'verify'

export interface Speed {
  /** Operations a second. */
  readonly rate: number
  /** Microseconds of the processor's time for one: less shaken than the rate by whatever else the machine does. */
  readonly cpu: number
}

/** Measures this thread. */
export function ed25519(operation: Operation): Speed {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const message = Buffer.alloc(1024, 'ceremony')
  const signature = sign(null, message, privateKey)
  let count = 0
  const work: Record<Operation, () => void> = {
    sign: () => void sign(null, message, privateKey),
    verify: () => {
      if (!verify(null, message, publicKey, signature)) throw new Error('a good signature was refused')
    },
  }
  const before = process.threadCpuUsage()
  const measured = rate(() => {
    count++
    work[operation]()
  })
  const { user, system } = process.threadCpuUsage(before)
  return { rate: measured, cpu: (user + system) / count }
}

if (!isMainThread) parentPort?.postMessage(ed25519(workerData as Operation))
