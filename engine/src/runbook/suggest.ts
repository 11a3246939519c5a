/** Edit distance in which two neighbours changing places count as one edit (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      row[j] = Math.min(previous[j]! + 1, row[j - 1]! + 1, change)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j]!, before[j - 2]! + 1)
    }
    before = previous
    previous = row
  }
  return previous[b.length]!
}

/**
 * Finds the name that was probably meant.
 * @returns the nearest of `names`, or undefined if none is near enough to be worth proposing
 */
function nearest(name: string, names: Iterable<string>): string | undefined {
  const allowed = Math.max(1, Math.floor(name.length / 3))
  let best: string | undefined
  let least = allowed + 1
  for (const candidate of names) {
    // Long garbage is never a slip of the finger, and the distance takes time with the product of the lengths.
    if (candidate.length > 100 || Math.abs(candidate.length - name.length) >= least) continue
    const edits = distance(name.toLowerCase(), candidate.toLowerCase())
    if (edits < least) {
      best = candidate
      least = edits
    }
  }
  return best
}

/**
 * Advice for a name that nobody knows: a proposed spelling, or else the names there are.
 * @param what what the names are, in the plural: "roles"
 */
export function suggest(name: string, names: Iterable<string>, what: string): string {
  const known = [...names]
  const near = nearest(name, known)
  if (near !== undefined) return `Did you mean \`${near}\`?`
  if (known.length === 0) return `There are no ${what} here.`
  const shown = known.slice(0, 12).map((each) => `\`${each}\``)
  const more = known.length > shown.length ? `, and ${known.length - shown.length} more` : ''
  return `The ${what} here are ${shown.join(', ')}${more}.`
}
