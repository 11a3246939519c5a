/** What passed the doors during a step: each ask with its answer, as it was recorded. */
import { type Child, h, lazyDetails } from '../dom.ts'
import { clipped, clockOf, counted } from '../text.ts'

interface Exchange {
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

const MAX_SHOWN = 400
const MAX_TEXT = 100_000

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

/** A closed `details` that reads the recording when it is opened. */
export function exchangesView(bytes: Uint8Array, count: number, label: string): HTMLElement {
  return lazyDetails({ class: 'exchanges' }, [label, ' ', h('span', { class: 'quiet' }, counted(count, 'recorded line'))], () => {
    const { calls, unread } = readExchanges(bytes)
    let room = MAX_SHOWN
    return [
      calls.map(({ what, exchanges }) => {
        const shown = exchanges.slice(0, Math.max(0, room))
        room -= shown.length
        const rest = exchanges.length - shown.length
        return h(
          'section',
          {},
          calls.length > 1 && h('h5', {}, what),
          h(
            'ol',
            { class: 'asks' },
            shown.map((exchange) => h('li', {}, exchangeView(exchange))),
          ),
          rest > 0 && h('p', { class: 'quiet' }, `… and ${counted(rest, 'further exchange')}; they are in the artifact.`),
        )
      }),
      unread > 0 && h('p', { class: 'quiet' }, `${counted(unread, 'line')} could not be read.`),
    ]
  })
}

function exchangeView(exchange: Exchange): HTMLElement {
  const { door, request, time, answer } = exchange
  const { asks, answers } = summaryOf(exchange)
  const summary: Child[] = [
    h('span', { class: 'door' }, door),
    h('span', { class: 'ask' }, h('bdi', {}, clipped(asks, 240))),
    h('span', { class: answer?.ok === false ? 'answer bad' : 'answer' }, h('bdi', {}, clipped(answers, 160))),
    h('span', { class: 'quiet moment' }, momentOf(time)),
  ]
  return lazyDetails({ class: 'exchange' }, summary, () => [
    h('h6', {}, 'Asked'),
    h('pre', { tabindex: 0 }, pretty(request)),
    h('h6', {}, answer ? `Answered at ${momentOf(answer.time)}` : 'Never answered'),
    answer && h('pre', { tabindex: 0 }, pretty(answer.value)),
  ])
}

/** An exchange in a few words, for each kind of door. */
function summaryOf({ door, request, answer }: Exchange): { asks: string; answers: string } {
  const asked = (request ?? {}) as Record<string, unknown>
  const value = (answer?.value ?? {}) as Record<string, unknown>
  const failed = answer?.ok === false ? String(value.code ?? 'refused') : undefined
  const none = answer === undefined ? 'no answer' : undefined
  if (door === 'http') return { asks: `${String(asked.method)} ${String(asked.url)}`, answers: none ?? failed ?? String(value.status) }
  if (door === 'command') {
    const args = Array.isArray(asked.args) ? asked.args.map(String).join(' ') : ''
    const exit = value.exitCode === undefined ? 'done' : `exit code ${String(value.exitCode)}`
    return { asks: `${String(asked.op)} ${String(asked.program ?? '')} ${args}`.trim(), answers: none ?? failed ?? exit }
  }
  const { op, ...rest } = asked
  return { asks: `${String(op ?? '')} ${clipped(JSON.stringify(rest), 200)}`, answers: none ?? failed ?? 'answered' }
}

/** JSON on several lines; texts that hold lines are shown as lines, for these are what the tools printed. */
function pretty(value: unknown): string {
  const text = JSON.stringify(value, null, 2) ?? 'nothing'
  const lines = text.replace(/(?<!\\)\\n/g, '\n    ').replace(/(?<!\\)\\"/g, '"')
  return clipped(lines, MAX_TEXT)
}

function momentOf(time: number): string {
  return Number.isFinite(time) && Math.abs(time) < 8.64e15 ? clockOf(new Date(time).toISOString()) : ''
}
