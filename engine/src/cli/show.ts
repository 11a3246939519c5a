/** Shows a running ceremony as lines on stderr: one for each phase and each step, readable in a log and by a screen reader. */
import type { Progress, ProgressEvent } from '../ceremony/progress.ts'
import { duration } from '../terminal/layout.ts'
import { instanceName } from '../transcript/entry.ts'

const colour = process.stderr.isTTY && !process.env.NO_COLOR
const paint = (code: number, text: string): string => (colour ? `\x1b[${code}m${text}\x1b[0m` : text)
const bold = (text: string): string => paint(1, text)
const dim = (text: string): string => paint(2, text)

/** @returns the receiver of events, and what to call at the end */
export function showProgress(write = (text: string) => void process.stderr.write(text)): { event: Progress; end(): void } {
  let current: { title: string; station: string; signed: string[]; attempts: number } | undefined
  const line = (text: string): void => write(`${text}\n`)

  const event = (event: ProgressEvent) => {
    switch (event.kind) {
      case 'phase':
        return line(`\n${bold(event.title)}`)
      case 'arrived':
        return line(dim(`  at station ${event.station}${event.waiver ? ` (waived by everyone: ${event.waiver})` : ''}`))
      case 'step':
        current = { title: event.title, station: event.station, signed: [], attempts: 0 }
        return
      case 'signed':
        if (current) current.signed.push(`${event.what} ${event.officers.join(', ')}`)
        else line(dim(`  signed by ${event.officers.join(', ')}`))
        return
      case 'attempt':
        if (current) current.attempts = event.number
        return
      case 'skipped':
        return line(`  ${dim('–')} ${instanceName(event.step, event.instance)}  skipped, because ${event.when} does not hold`)
      case 'in-doubt':
        return line(
          `  ${paint(33, '?')} ${instanceName(event.step, event.instance)} was interrupted; asked the world: ${event.verdict} (${event.facts})`,
        )
      case 'done': {
        const title = current?.title ?? 'done'
        const attempts = current && current.attempts > 1 ? `, ${current.attempts} attempts` : ''
        line(
          `  ${paint(32, '✓')} ${instanceName(event.step, event.instance).padEnd(28)} ${title} ${dim(`(${duration(event.milliseconds)}${attempts})`)}`,
        )
        for (const signed of current?.signed ?? []) line(dim(`${' '.repeat(33)}signed ${signed}`))
        current = undefined
        return
      }
      case 'failed':
        current = undefined
        return line(`  ${paint(31, '✗')} ${instanceName(event.step, event.instance).padEnd(28)} ${event.code}: ${event.message}`)
      case 'log':
        return line(dim(`      ${event.text}`))
      case 'closed':
        return line(`\nClosed after ${event.entries} entries.`)
      case 'output':
        return
    }
  }
  return { event, end: () => {} }
}
