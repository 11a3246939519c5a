/** Where a replay came to something else than the transcript says. */

export interface Difference {
  /** Line of the transcript, counted from one. */
  readonly line: number
  readonly step: string | null
  readonly instance: string | null
  /** JSON pointer into the entry's statement, or into the line of the recording. */
  readonly field: string
  /** What stands in the transcript; JSON, shortened. */
  readonly recorded: string
  /** What the code made of it now. */
  readonly replayed: string
  /** The exchange at which the run left the recording; null where the entry itself differs. */
  readonly exchange: { readonly recording: string; readonly line: number } | null
}

/** A value as people can read it: JSON, not too long. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > 600 ? `${text.slice(0, 600)}… (${text.length} characters)` : text
}

/**
 * Finds the first place where two JSON values differ, names in order.
 * @returns the pointer (RFC 6901) and both values; undefined if they are the same
 */
export function firstDifference(
  recorded: unknown,
  replayed: unknown,
  at = '',
): { field: string; recorded: unknown; replayed: unknown } | undefined {
  if (recorded === replayed) return undefined
  const both = [recorded, replayed]
  const areMaps = both.every((value) => typeof value === 'object' && value !== null) && Array.isArray(recorded) === Array.isArray(replayed)
  if (!areMaps) return { field: at || '/', recorded, replayed }
  const [left, right] = both as [Record<string, unknown>, Record<string, unknown>]
  for (const name of [...new Set([...Object.keys(left), ...Object.keys(right)])].sort()) {
    const pointer = `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    const value = (of: Record<string, unknown>): unknown => (Object.hasOwn(of, name) ? of[name] : undefined)
    const found = firstDifference(value(left), value(right), pointer)
    if (found) return found
  }
  return undefined
}
