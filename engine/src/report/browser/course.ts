/** The course that the plan prescribes: which step, and which instance of it, may come next. */
import type { Plan, PlannedStep } from './about.ts'
import type { Standing } from './standing.ts'
import { instanceName } from './text.ts'

export class PlannedCourse {
  readonly plan: Plan
  readonly #standing: Standing
  #step = 0

  constructor(plan: Plan, standing: Standing) {
    this.plan = plan
    this.#standing = standing
  }

  /**
   * Goes on to the step of that name, if nothing before it is left to do.
   * @returns what stands in the way: what was expected instead; undefined if it is its turn
   */
  turn(step: string, instance: string | null): string | undefined {
    for (; ; this.#step++) {
      const current = this.plan.steps[this.#step]
      if (!current) return 'no further step'
      const next = this.#nextOf(current)
      if (current.id === step && (next === instance || (next === undefined && instance !== null && this.#isNew(current, instance))))
        return undefined
      if (next !== undefined) return instanceName(current.id, next)
      if (current.id === step) return `another instance of ${step}`
    }
  }

  /** @returns a step that was not done; undefined when all are */
  left(): string | undefined {
    for (const step of this.plan.steps.slice(this.#step)) {
      const next = this.#nextOf(step)
      if (next !== undefined) return instanceName(step.id, next)
    }
    return undefined
  }

  find(id: string): PlannedStep | undefined {
    return this.plan.steps.find((step) => step.id === id)
  }

  /** @returns the first instance that is not finished; undefined when none is known to be left */
  #nextOf({ id, instances }: PlannedStep): string | null | undefined {
    if (instances === 'unknown') return undefined
    if (instances === null) return this.#standing.isFinished(id, null) ? undefined : null
    return instances.find((key) => !this.#standing.isFinished(id, key))
  }

  /** How many instances a step has that goes over what came out of others, the page cannot tell. */
  #isNew({ id, instances }: PlannedStep, instance: string): boolean {
    return instances === 'unknown' && !this.#standing.isFinished(id, instance)
  }
}
