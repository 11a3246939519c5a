/** Where a ceremony stands, from its entries. */
import { History } from '../transcript/history.ts'
import type { StoredEntry } from '../transcript/store.ts'

/** @returns what the entries add up to, and the time of the last, in milliseconds since the epoch (0 if there is none) */
export async function readStanding(entries: AsyncIterable<StoredEntry>): Promise<{ history: History; lastTime: number }> {
  const history = new History()
  let lastTime = 0
  for await (const { statement, envelope, payloadDigest } of entries) {
    const keyids = envelope.signatures.map((signature) => signature.keyid)
    history.apply(statement, keyids, payloadDigest)
    lastTime = Date.parse(statement.predicate.time)
  }
  return { history, lastTime }
}
