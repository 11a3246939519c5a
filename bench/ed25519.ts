/** Ed25519 by node:crypto, signing and verifying a message of a transcript entry's size. Also run as a worker, one a core. */
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { rate } from './benchmark.ts'

export type Operation = 'sign' | 'verify'

/** @returns operations a second on this thread */
export function ed25519(operation: Operation): number {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const message = Buffer.alloc(1024, 'ceremony')
  const signature = sign(null, message, privateKey)
  return operation === 'sign'
    ? rate(() => void sign(null, message, privateKey))
    : rate(() => {
        if (!verify(null, message, publicKey, signature)) throw new Error('a good signature was refused')
      })
}

if (!isMainThread) parentPort?.postMessage(ed25519(workerData as Operation))
