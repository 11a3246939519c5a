/** The script of a ceremony that took place, filled in from its transcript. */
import { createHash } from 'node:crypto'
import { parseRunbook } from '../../runbook/parse.ts'
import type { Envelope } from '../../transcript/dsse.ts'
import type { Statement } from '../../transcript/entry.ts'
import type { Line } from '../browser/lines.ts'
import { type Gathered, gather, ReportError } from '../gather.ts'
import { filledFrom } from './filled.ts'
import { scriptOf } from './script.ts'

/**
 * @param place the folder of a ceremony whose transcript was verified
 * @param verdict what `verify` says of it
 * @throws ReportError where there is no transcript, or none of its runbook
 */
export async function annotatedScript(place: string, verdict: string): Promise<string> {
  const { transcript, artifacts, about } = gather(place)
  const lines = linesOf(transcript)
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

/** The lines of a transcript that is known to be one. */
function linesOf(transcript: Gathered['transcript']): Line[] {
  const lines = Buffer.from(transcript).toString('utf8').trimEnd().split('\n')
  return lines.map((line, index) => {
    const envelope = JSON.parse(line) as Envelope
    const statement = JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8')) as Statement
    const digest = createHash('sha256').update(line).digest('hex')
    return { number: index + 1, digest, size: line.length, envelope, statement, signatures: envelope.signatures.map(() => true) }
  })
}
