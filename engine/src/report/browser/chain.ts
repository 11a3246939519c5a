/** The chain: each entry follows on the one before, in one ceremony, of one mode, and time never goes back. */
import type { Mode } from '../../transcript/entry.ts'
import type { Turn } from './turn.ts'

/** What is carried from line to line. */
export interface Link {
  /** SHA-256, hex, of the line before; null before the first. */
  readonly digest: string | null
  readonly sequence: number
  /** Of the entry before; undefined where there is none that could be read. */
  readonly ceremony?: string
  readonly mode?: Mode
  readonly time?: string
}

export function chainRules({ entry, standing, report }: Turn, before: Link): void {
  const previous = entry.previous?.sha256 ?? null
  if (previous !== before.digest) report('chain/previous', `previous is ${previous}`, `the digest of the line before, ${before.digest}`)
  if (entry.sequence !== before.sequence + 1) report('chain/sequence', `sequence ${entry.sequence}`, `${before.sequence + 1}`)
  if (before.ceremony !== undefined && entry.ceremony !== before.ceremony) report('chain/ceremony', entry.ceremony, before.ceremony)
  if (before.mode !== undefined && entry.mode !== before.mode) report('chain/mode', entry.mode, before.mode)
  if (before.time !== undefined && entry.time < before.time) report('chain/time', entry.time, `not before ${before.time}`)
  if (new Date(entry.time).toISOString() !== entry.time) report('chain/time', entry.time, 'a date that the calendar knows')
  if ((entry.kind === 'opened') !== (before.digest === null))
    report('chain/opened', entry.kind, '`opened` as the first entry and never again')
  if (standing.closed) report('chain/closed', `${entry.kind} after the ceremony was closed`, 'nothing')
}
