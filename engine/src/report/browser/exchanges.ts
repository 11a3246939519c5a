/** The recording of what passed the doors during a step: its calls, and each ask with its answer. */

export interface Exchange {
  readonly id: number
  readonly door: string
  readonly request: unknown
  readonly time: number
  answer: { readonly ok: boolean; readonly value: unknown; readonly time: number } | undefined
}

/** A call of the plugin, and what it asked of the world. */
interface Call {
  readonly what: string
  readonly exchanges: Exchange[]
}

/** @returns the recording as calls and exchanges; lines that cannot be read are left out and counted */
export function readExchanges(bytes: Uint8Array): { calls: Call[]; unread: number } {
  const calls: Call[] = []
  const open = new Map<unknown, Exchange>()
  let unread = 0
  for (const line of new TextDecoder().decode(bytes).split('\n')) {
    if (line === '') continue
    try {
      const said = JSON.parse(line) as Record<string, unknown>
      if (said.call !== undefined) {
        const { what, action } = said.call as Record<string, unknown>
        calls.push({ what: `${String(what)} ${String(action)}`, exchanges: [] })
        open.clear()
      } else if (said.ask !== undefined) {
        const exchange = {
          id: Number(said.ask),
          door: String(said.door),
          request: said.request,
          time: Number(said.time),
          answer: undefined,
        }
        if (calls.length === 0) calls.push({ what: 'run', exchanges: [] })
        calls.at(-1)!.exchanges.push(exchange)
        open.set(said.ask, exchange)
      } else if (said.answer !== undefined) {
        const exchange = open.get(said.answer)
        if (exchange) exchange.answer = { ok: said.ok === true, value: said.value, time: Number(said.time) }
      }
    } catch {
      unread++
    }
  }
  return { calls, unread }
}

/** The names of the secrets that officers gave during a step, such as `operator-card/contoso/2`. */
export function secretsIn(bytes: Uint8Array): Set<string> {
  const found = new Set<string>()
  for (const { exchanges } of readExchanges(bytes).calls) {
    for (const { answer } of exchanges) {
      const answered = (answer?.value as { answered?: unknown } | null)?.answered
      for (const item of Array.isArray(answered) ? answered : []) {
        const { secret } = (item ?? {}) as { secret?: unknown }
        if (typeof secret === 'string') found.add(secret)
      }
    }
  }
  return found
}
