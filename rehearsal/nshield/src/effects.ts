/** What the twin did that cannot be undone, one JSON line each: for tests and auditors of a rehearsal. */
import { existsSync, readFileSync } from 'node:fs'
import { readCardSets } from './cardset.ts'
import { appendDurably } from './files.ts'
import type { Twin } from './twin.ts'
import { readWorld } from './world.ts'

export function noteEffect(twin: Twin, operation: string, resource: string): void {
  appendDurably(twin.effects, JSON.stringify({ time: new Date().toISOString(), operation, resource }))
}

/** Notes the effects of a tool that was killed after its effect and before its note. */
export function settleEffects(twin: Twin): void {
  const noted = existsSync(twin.effects) ? readFileSync(twin.effects, 'utf8') : ''
  const missing = (operation: string, resource: string): boolean =>
    !noted.includes(`"operation":${JSON.stringify(operation)},"resource":${JSON.stringify(resource)}}`)
  const note = (operation: string, resource: string): void => {
    if (missing(operation, resource)) noteEffect(twin, operation, resource)
  }
  if (readWorld(twin)) note('world/create', 'module 1')
  for (const set of readCardSets(twin)) note('cardset/create', set.name)
}
