/** `ceremony status`: where a ceremony stands, from its transcript alone; nothing is verified and nothing is changed. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CeremonyError } from '../ceremony/error.ts'
import { readRunbook } from '../ceremony/runbook-file.ts'
import { readStanding } from '../ceremony/standing.ts'
import { printable } from '../terminal/printable.ts'
import { linesOfStanding, nextOf, standingOf } from '../terminal/standing.ts'
import { type Entry, instanceName } from '../transcript/entry.ts'
import { readEntries, type StoredEntry, TRANSCRIPT } from '../transcript/store.ts'

const LAST = 5

/**
 * @returns 0
 * @throws CeremonyError `status/nothing` when there is no ceremony (exit 2)
 */
export async function status(dir: string, { json = false }: { json?: boolean }): Promise<number> {
  if (!existsSync(join(dir, 'runbook.yaml'))) {
    throw new CeremonyError('status/nothing', `There is no ceremony in ${dir}.`, {
      found: 'no runbook.yaml',
      expected: 'the folder of a ceremony',
      advice: 'Check the path.',
      exitCode: 2,
    })
  }
  const runbook = readRunbook(join(dir, 'runbook.yaml'))
  const last: Entry[] = []
  const { history } = await readStanding(entriesOf(join(dir, TRANSCRIPT), last))
  if (json) {
    const steps = standingOf(runbook, history).map(({ step: { id, title, phase, station }, state, instances }) => ({
      id,
      title,
      phase,
      station,
      state,
      instances,
    }))
    const { closed, entries, deviations, station, open } = history
    const underWay = open ? { step: open.intent.step, instance: open.intent.instance } : null
    process.stdout.write(
      `${JSON.stringify({ closed, entries, deviations, station, under_way: underWay, next: nextOf(runbook, history), steps, last }, null, 2)}\n`,
    )
    return 0
  }
  const lines = [runbook.title, ...linesOfStanding({ runbook, history }, process.stdout.columns || 80)]
  if (last.length > 0) lines.push('', '  Last entries', ...last.map((entry) => `    ${printable(sentenceOf(entry))}`))
  process.stdout.write(`${lines.join('\n')}\n`)
  return 0
}

/** The entries as far as there are any; the last of them gather in `last`. */
async function* entriesOf(file: string, last: Entry[]): AsyncGenerator<StoredEntry> {
  if (!existsSync(file)) return
  for await (const entry of readEntries(file)) {
    last.push(entry.statement.predicate)
    if (last.length > LAST) last.shift()
    yield entry
  }
}

function sentenceOf(entry: Entry): string {
  const about = (): string => {
    switch (entry.kind) {
      case 'intent':
      case 'skipped':
      case 'resolution':
        return instanceName(entry.step, entry.instance)
      case 'outcome':
        return `${instanceName(entry.step, entry.instance)}, ${entry.result}${entry.error ? `: ${entry.error.message}` : ''}`
      case 'deviation':
        return `${entry.officer}: ${entry.note}`
      case 'handed-over':
        return `to ${entry.to}`
      case 'received':
        return `from ${entry.from}`
      case 'closed':
        return entry.result
      default:
        return ''
    }
  }
  return `${String(entry.sequence).padStart(4)}  ${entry.time.slice(0, 19).replace('T', ' ')}  ${entry.station}  ${entry.kind} ${about()}`.trimEnd()
}
