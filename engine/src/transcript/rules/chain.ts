/** The chain: each entry follows on the one before, in one ceremony, of one mode, and time never goes back. */
import type { Checked, State } from '../verify.ts'

export function chainRules({ entry, report }: Checked, { history, head, time, mode }: State): void {
  const previous = entry.previous?.sha256 ?? null
  if (previous !== head) report('chain/previous', `previous is ${previous}`, `the digest of the line before, ${head}`)
  if (entry.sequence !== history.entries) report('chain/sequence', `sequence ${entry.sequence}`, `${history.entries}`)
  if (history.ceremony && entry.ceremony !== history.ceremony) report('chain/ceremony', entry.ceremony, history.ceremony)
  if (mode !== null && entry.mode !== mode) report('chain/mode', entry.mode, mode)
  if (entry.time < time) report('chain/time', entry.time, `not before ${time}`)
  if ((entry.kind === 'opened') !== (head === null)) report('chain/opened', entry.kind, '`opened` as the first entry and never again')
  if (history.closed) report('chain/closed', `${entry.kind} after the ceremony was closed`, 'nothing')
}
