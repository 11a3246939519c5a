/** The course that a ceremony must take: the runbook's steps in their order, instance by instance. */
import { type Instance, instances } from '../../runbook/instances.ts'
import type { Runbook, Scope, Step } from '../../runbook/model.ts'
import type { History } from '../history.ts'

/** The instance whose turn it is. */
export interface Turn {
  readonly step: Step
  readonly key: string | null
  readonly scope: Scope
}

export class Course {
  readonly runbook: Runbook
  readonly #history: History
  #step = 0
  /** Of the step that was reached; which ones there are is settled when its turn comes. */
  #instances: Instance[] | undefined
  #instance = 0

  constructor(runbook: Runbook, history: History) {
    this.runbook = runbook
    this.#history = history
  }

  /**
   * @returns the instance whose turn it is; undefined when all are finished
   * @throws ExpressionError when a for-each cannot be evaluated
   */
  next(): Turn | undefined {
    const scope = this.#history.scope(this.runbook)
    for (; this.#step < this.runbook.steps.length; this.#step++) {
      const step = this.runbook.steps[this.#step]!
      this.#instances ??= instances(step, scope)
      for (; this.#instance < this.#instances.length; this.#instance++) {
        const { key, value } = this.#instances[this.#instance]!
        if (this.#history.isFinished(step.id, key)) continue
        return { step, key, scope: step.forEach ? { ...scope, each: { key: key!, value } } : scope }
      }
      this.#instances = undefined
      this.#instance = 0
    }
    return undefined
  }

  /** @returns the step of that name */
  find(id: string): Step | undefined {
    return this.runbook.steps.find((step) => step.id === id)
  }
}

/** @returns how people call an instance of a step */
export const nameOf = (step: string, instance: string | null): string => (instance === null ? step : `${step}[${instance}]`)
