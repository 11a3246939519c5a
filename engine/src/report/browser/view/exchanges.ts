/** What passed the doors during a step: each ask with its answer, as it was recorded. */
import { type Child, h, lazyDetails } from '../dom.ts'
import { type Exchange, readExchanges } from '../exchanges.ts'
import { clipped, clockOf, counted } from '../text.ts'

const MAX_SHOWN = 400
const MAX_TEXT = 100_000

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
