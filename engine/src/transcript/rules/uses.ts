/** Which steps' outputs a step's expressions look at: what is looked at by none need not be kept. */
import type { Runbook, Step } from '../../runbook/model.ts'
import { referencesOf } from '../../runbook/references.ts'
import { splitTemplate } from '../../runbook/template.ts'

/**
 * @returns for each step that any expression looks at, the place of the last step that does; undefined where an expression
 *   may look at any step
 */
export function lastUses(runbook: Runbook): ReadonlyMap<string, number> | undefined {
  const last = new Map<string, number>()
  try {
    for (const [index, step] of runbook.steps.entries()) {
      for (const expression of expressionsOf(step)) {
        for (const { root, segments } of referencesOf(expression)) {
          if (root !== 'steps') continue
          const name = segments[0]?.name
          if (typeof name !== 'string') return undefined
          last.set(name, index)
        }
      }
    }
  } catch {
    // An expression that cannot be read is a finding when its turn comes.
    return undefined
  }
  return last
}

function* expressionsOf({ forEach, when, until, does }: Step): Generator<string> {
  for (const expression of [forEach, when, until?.that]) if (expression) yield expression.source
  if (does.kind === 'plugin') yield* inTemplate(does.with.value)
  if (does.kind === 'assert') for (const { that } of does.checks) yield that.source
  if (does.kind !== 'instruct') return
  yield* inTemplate(does.text.value)
  for (const property of Object.values((does.record?.properties ?? {}) as Record<string, Record<string, unknown>>)) {
    const over = property['for-each']
    if (typeof over !== 'string') continue
    const expressions = [...inTemplate(over)]
    yield* expressions.length > 0 ? expressions : [over]
  }
}

function* inTemplate(value: unknown): Generator<string> {
  if (typeof value === 'string') {
    for (const part of splitTemplate(value)) if ('expression' in part) yield part.expression
  } else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) yield* inTemplate(item)
  }
}
