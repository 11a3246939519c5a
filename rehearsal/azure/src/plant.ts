/** Puts the seed's resources into a new state folder. */
import type { Change } from './store.ts'
import type { Twin } from './twin.ts'

/**
 * Commits `changes` at the first start over a state folder, and never again, so that what was changed or deleted since
 * stays so.
 * @param part names this part of the seed: `storage-accounts`, say
 */
export function plantOnce(twin: Twin, part: string, changes: () => readonly Change[]): void {
  const planted = twin.store.table<boolean>('planted')
  if (planted.get(part)) return
  twin.store.commit({ principal: 'seed', operation: 'seed/plant', resource: part }, planted.put(part, true), ...changes())
}
