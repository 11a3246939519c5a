/** Copies of a report in which somebody changed what it holds. */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const TRANSCRIPT = /(<script type="application\/octet-stream" id="transcript">)([^<]*)(<\/script>)/

let copies = 0

/** Writes a copy of the page with its text changed. @returns its path */
export function changedPage(report: string, change: (html: string) => string): string {
  const html = readFileSync(report, 'utf8')
  const changed = change(html)
  if (changed === html) throw new Error('nothing was changed')
  const file = join(dirname(report), `changed-${++copies}.html`)
  writeFileSync(file, changed)
  return file
}

/** Writes a copy of the page with another transcript in it. */
export function changedTranscript(report: string, change: (transcript: Buffer) => Buffer): string {
  return changedPage(report, (html) =>
    html.replace(
      TRANSCRIPT,
      (_, before: string, base64: string, after: string) => `${before}${change(Buffer.from(base64, 'base64')).toString('base64')}${after}`,
    ),
  )
}

/** Writes a copy of the page with other lines in its transcript. */
export function changedLines(report: string, change: (lines: string[]) => string[]): string {
  return changedTranscript(report, (transcript) => Buffer.from(change(transcript.toString('latin1').split('\n')).join('\n'), 'latin1'))
}

/** Changes one entry and leaves its signatures as they are. */
export function changedEntry(line: string, change: (entry: Record<string, unknown>) => void): string {
  const envelope = JSON.parse(line) as { payload: string }
  const statement = JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8')) as { predicate: Record<string, unknown> }
  change(statement.predicate)
  return JSON.stringify({ ...envelope, payload: Buffer.from(JSON.stringify(statement)).toString('base64') })
}
