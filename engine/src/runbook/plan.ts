import { instances } from './instances.ts'
import type { Runbook, Step } from './model.ts'
import { referencesOf } from './references.ts'

/** A step in its place in the ceremony. */
export interface PlannedStep {
  readonly step: Step
  /** Counted from one. */
  readonly number: number
  readonly phase: string
  readonly station: string
  /**
   * The keys of a for-each step's instances where they depend on parameters alone; `unknown` where only the run will tell;
   * null for a step without for-each.
   */
  readonly instances: readonly string[] | 'unknown' | null
}

/**
 * The static order of a ceremony.
 * @param parameters as `bindParameters` gives them
 * @throws ExpressionError if a for-each over parameters cannot be evaluated
 */
export function plan(runbook: Runbook, parameters: Readonly<Record<string, unknown>>): PlannedStep[] {
  return runbook.steps.map((step, index) => ({
    step,
    number: index + 1,
    phase: step.phase,
    station: step.station,
    instances: keysOf(step, parameters),
  }))
}

function keysOf(step: Step, parameters: Readonly<Record<string, unknown>>): PlannedStep['instances'] {
  if (step.forEach === undefined) return null
  if (referencesOf(step.forEach.source).some(({ root }) => root !== 'parameters')) return 'unknown'
  return instances(step, { parameters, steps: {} }).map(({ key }) => key!)
}
