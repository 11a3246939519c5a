/** The script of a ceremony that took place, filled in from its transcript. */
import { parseRunbook } from '../../runbook/parse.ts'
import { locate, readEntries } from '../../transcript/store.ts'
import type { Line } from '../browser/lines.ts'
import { gather, ReportError } from '../gather.ts'
import { filledFrom } from './filled.ts'
import { scriptOf } from './script.ts'

/**
 * @param place the folder of a ceremony whose transcript was verified
 * @param verdict what `verify` says of it
 * @throws ReportError where there is no transcript, or none of its runbook
 */
export async function annotatedScript(place: string, verdict: string): Promise<string> {
  const { artifacts, about } = gather(place)
  const lines = await linesOf(place)
  const opened = lines[0]?.statement?.predicate
  const source = opened?.kind === 'opened' ? artifacts.get(opened.runbook.sha256) : undefined
  const runbook = source && parseRunbook(source, 'runbook.yaml').runbook
  if (!runbook || opened?.kind !== 'opened')
    throw new ReportError('report/missing', 'the runbook of the ceremony is not among its artifacts')
  const titles = new Map(about.plan?.steps.map(({ action, actionTitle }) => [action, actionTitle ?? undefined]))
  const filled = filledFrom(lines, about.plan, verdict)
  return scriptOf({
    runbook,
    parameters: opened.parameters,
    describing: { title: (action) => titles.get(action), outputs: () => [], says: async () => undefined, instances: filled.instances },
    filled,
  })
}

/** The lines of a transcript that was verified, so that its signatures are good. */
async function linesOf(place: string): Promise<Line[]> {
  const lines: Line[] = []
  for await (const { line, digest, envelope, statement } of readEntries(locate(place).file))
    lines.push({ number: line, digest, envelope, statement, signatures: envelope.signatures.map(() => true) })
  return lines
}
