/** Reads the plan out of a ceremony's runbook, for a page that has no YAML and no CEL. */
import { ExpressionError } from '../runbook/expression.ts'
import type { Runbook, Step } from '../runbook/model.ts'
import { parseRunbook } from '../runbook/parse.ts'
import { type PlannedStep as Placed, plan } from '../runbook/plan.ts'
import { referencesOf } from '../runbook/references.ts'
import { splitTemplate } from '../runbook/template.ts'
import type { Plan, PlannedStep } from './browser/about.ts'

/**
 * @param source the runbook's bytes
 * @param parameters those of the ceremony
 * @param titleOf the title of an action (`plugin/action`), where its plugin says one
 * @returns null for bytes that are no valid runbook
 */
export function planOf(
  source: Uint8Array,
  parameters: Readonly<Record<string, unknown>>,
  titleOf: (action: string) => string | undefined,
): Plan | null {
  const { runbook, findings } = parseRunbook(source, 'runbook.yaml')
  if (!runbook || findings.some(({ severity }) => severity === 'error')) return null
  const { sha256, name, version, title, stations, roles } = runbook
  return { sha256, name, version, title, stations, roles, steps: placed(runbook, parameters).map((step) => stepOf(step, titleOf)) }
}

/** The instances that parameters give; with parameters that do not fit, the runbook's steps alone. */
function placed(runbook: Runbook, parameters: Readonly<Record<string, unknown>>): Pick<Placed, 'step' | 'instances'>[] {
  try {
    return plan(runbook, parameters)
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    return runbook.steps.map((step) => ({ step, instances: step.forEach ? 'unknown' : null }))
  }
}

function stepOf({ step, instances }: Pick<Placed, 'step' | 'instances'>, titleOf: (action: string) => string | undefined): PlannedStep {
  const { id, title, phase, station, position, when, until, signOff, notSameAs, does } = step
  const action = does.kind === 'plugin' ? `${does.plugin}/${does.action}` : does.kind
  return {
    id,
    title,
    phase,
    station,
    line: position.line,
    action,
    actionTitle: titleOf(action) ?? null,
    instances,
    when: when?.source ?? null,
    until: until ? { that: until.that.source, every: until.every, within: until.within } : null,
    signOff,
    notSameAs,
    to: does.kind === 'transfer' ? does.to : null,
    checks: does.kind === 'assert' ? does.checks.map(({ that, message }) => ({ that: that.source, message })) : [],
    perCard: perCard(step),
  }
}

/** A record with one value for each card names the step that made the cards in its `for-each`. */
function perCard({ does }: Step): Record<string, string> {
  if (does.kind !== 'instruct' || !does.record) return {}
  const properties = Object.entries(does.record.properties as Record<string, { readonly 'for-each'?: unknown }>)
  return Object.fromEntries(
    properties.flatMap(([name, { 'for-each': over }]) => {
      const step = typeof over === 'string' ? stepNamedIn(over) : undefined
      return step === undefined ? [] : [[name, step]]
    }),
  )
}

function stepNamedIn(text: string): string | undefined {
  const [part] = splitTemplate(text)
  const source = part && 'expression' in part ? part.expression : text
  const name = referencesOf(source).find(({ root }) => root === 'steps')?.segments[0]?.name
  return typeof name === 'string' ? name : undefined
}
