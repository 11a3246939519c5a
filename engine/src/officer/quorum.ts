/** Who makes up a quorum: distinct people, each standing for one role only, even if they hold several. */
import type { Quorum } from '../runbook/model.ts'

export interface Person {
  readonly name: string
  readonly roles: readonly string[]
}

/**
 * Finds people for every seat of the quorum (a bipartite matching, by augmenting paths).
 * @returns their names, or undefined when those present cannot fill it
 */
export function choose(people: readonly Person[], quorum: Quorum): string[] | undefined {
  if (Object.values(quorum).some((count) => count > people.length)) return undefined
  const seats = Object.entries(quorum).flatMap(([role, count]) => Array.from({ length: count }, () => role))
  const seatOf = new Map<string, number>()
  const seat = (index: number, tried: Set<string>): boolean => {
    for (const { name, roles } of people) {
      if (!roles.includes(seats[index]!) || tried.has(name)) continue
      tried.add(name)
      const taken = seatOf.get(name)
      if (taken === undefined || seat(taken, tried)) {
        seatOf.set(name, index)
        return true
      }
    }
    return false
  }
  for (let index = 0; index < seats.length; index++) if (!seat(index, new Set())) return undefined
  return people.filter(({ name }) => seatOf.has(name)).map(({ name }) => name)
}
