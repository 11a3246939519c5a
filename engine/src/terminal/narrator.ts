/** Tells what happens, line by line, in words that need neither colour nor a moving screen. */
import type { Progress, ProgressEvent } from '../ceremony/progress.ts'
import type { Runbook } from '../runbook/model.ts'
import { instanceName } from '../transcript/entry.ts'
import type { Board } from './board.ts'
import type { Desk } from './desk.ts'
import { duration, labelled, wrap } from './layout.ts'
import { printable } from './printable.ts'

/**
 * @param board shows what is under way while nothing is told
 * @returns the receiver of events
 */
export function narrator(desk: Pick<Desk, 'width' | 'show' | 'say' | 'beforeAsking'>, runbook: Runbook, board?: Board): Progress {
  const { width } = desk
  const output = new OutputLines((lines) => desk.show(lines))
  desk.beforeAsking = () => output.flush()
  const numbers = new Map(runbook.steps.map(({ id, does }, index) => [id, { number: index + 1, does }]))

  return (event: ProgressEvent) => {
    if (event.kind !== 'output') output.flush()
    switch (event.kind) {
      case 'phase':
        return desk.show(['', `== ${event.title} ${'='.repeat(Math.max(0, Math.min(width, 80) - event.title.length - 5))}`])
      case 'arrived':
        return desk.say(`At station ${event.station}.${event.waiver ? ` Waived by everyone: ${event.waiver}` : ''}`)
      case 'step': {
        const { number, does } = numbers.get(event.step)!
        board?.begin()
        desk.show([
          '',
          ...wrap(
            `Step ${number} of ${runbook.steps.length}, at ${event.station}: ${event.title} (${instanceName(event.step, event.instance)})`,
            width,
          ),
        ])
        return does.kind === 'instruct' ? undefined : desk.show(labelled('What happens', event.says, width))
      }
      case 'signed':
        return
      case 'attempt':
        return event.holds ? undefined : desk.say(`Not yet (attempt ${event.number}); it is asked again.`)
      case 'skipped':
        return desk.say(`Skipped: ${instanceName(event.step, event.instance)}, because ${event.when} does not hold.`)
      case 'in-doubt':
        return desk.say(
          `${instanceName(event.step, event.instance)} was interrupted; the world was asked: ${event.verdict} (${event.facts})`,
        )
      case 'done':
        board?.finish(event.step, event.milliseconds)
        return desk.say(`Done: ${instanceName(event.step, event.instance)} (${duration(event.milliseconds)})`)
      case 'failed':
        board?.finish(event.step)
        return desk.say(`FAILED: ${instanceName(event.step, event.instance)}: ${event.message} [${event.code}]`)
      case 'log':
        return desk.say(event.text)
      case 'output':
        return output.take(event.text)
      case 'closed':
        return desk.show(['', `  Closed after ${event.entries} entries.`])
    }
  }
}

/** What a vendor's program prints comes in pieces; it is shown as it is, in whole lines, or cut where the program waits. */
class OutputLines {
  #rest = ''
  readonly #show: (lines: readonly string[]) => void

  constructor(show: (lines: readonly string[]) => void) {
    this.#show = show
  }

  take(text: string): void {
    const lines = (this.#rest + text).split(/\r?\n/)
    this.#rest = lines.pop() ?? ''
    if (lines.length > 0) this.#show(lines.map(framed))
  }

  flush(): void {
    if (this.#rest !== '') this.#show([framed(this.#rest)])
    this.#rest = ''
  }
}

const framed = (line: string): string => `  | ${printable(line)}`.trimEnd()
