/** The course that a ceremony must take: the runbook's steps in their order, instance by instance. */
import { type Instance, instances } from '../../runbook/instances.ts'
import type { Runbook, Scope, Step } from '../../runbook/model.ts'
import type { History } from '../history.ts'
import { lastUses } from './uses.ts'

/** The instance whose turn it is. */
export interface Turn {
  readonly step: Step
  readonly key: string | null
  readonly scope: Scope
}

export class Course {
  readonly runbook: Runbook
  readonly #history: History
  readonly #steps: ReadonlyMap<string, Step>
  /** Place of a step -> the steps whose outputs no later step looks at; undefined where that cannot be told. */
  readonly #unused: ReadonlyMap<number, readonly string[]> | undefined
  #scope: Scope | undefined
  #turn: Turn | undefined
  #step = 0
  /** Of the step that was reached; which ones there are is settled when its turn comes. */
  #instances: Instance[] | undefined
  #instance = 0

  constructor(runbook: Runbook, history: History) {
    this.runbook = runbook
    this.#history = history
    this.#steps = new Map(runbook.steps.map((step) => [step.id, step]))
    const uses = lastUses(runbook)
    if (!uses) return
    history.want(new Set(uses.keys()))
    const places = runbook.steps.map(({ id }, place) => [id, Math.max(place, uses.get(id) ?? 0)] as const)
    this.#unused = new Map([...Map.groupBy(places, ([, place]) => place)].map(([place, steps]) => [place, steps.map(([id]) => id)]))
  }

  /**
   * @returns the instance whose turn it is; undefined when all are finished
   * @throws ExpressionError when a for-each cannot be evaluated
   */
  next(): Turn | undefined {
    const history = this.#history
    if (this.#turn && !history.isFinished(this.#turn.step.id, this.#turn.key)) return this.#turn
    this.#scope ??= history.scope(this.runbook)
    const scope = this.#scope
    for (; this.#step < this.runbook.steps.length; this.#step++) {
      const step = this.runbook.steps[this.#step]!
      this.#instances ??= instances(step, scope)
      for (; this.#instance < this.#instances.length; this.#instance++) {
        const { key, value } = this.#instances[this.#instance]!
        if (history.isFinished(step.id, key)) continue
        this.#turn = { step, key, scope: step.forEach ? { ...scope, each: { key: key!, value } } : scope }
        return this.#turn
      }
      this.#instances = undefined
      this.#instance = 0
      // Memory must not grow with the ceremony.
      for (const unused of this.#unused?.get(this.#step) ?? []) history.forget(unused)
    }
    this.#turn = undefined
    return undefined
  }

  /** @returns the step of that name */
  find(id: string): Step | undefined {
    return this.#steps.get(id)
  }
}
