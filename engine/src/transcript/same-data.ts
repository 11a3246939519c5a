/** Compares JSON data as its canonical form would, without writing it. */

/** @returns whether both are written alike: the same values under the same names, in lists in the same order */
export function sameData(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (Array.isArray(one) || Array.isArray(other)) {
    if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false
    return one.every((item, index) => sameData(item, other[index]))
  }
  const names = Object.keys(one)
  if (names.length !== Object.keys(other).length) return false
  return names.every(
    (name) => Object.hasOwn(other, name) && sameData((one as Record<string, unknown>)[name], (other as Record<string, unknown>)[name]),
  )
}
