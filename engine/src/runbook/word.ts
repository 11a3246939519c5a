/** Who must speak where the runbook names no quorum of its own. */
import type { Quorum, Runbook, Step } from './model.ts'

/** @returns the quorum that must come together for a ceremony at all: it may also end it */
export function presenceQuorum(runbook: Runbook): Quorum {
  return Object.fromEntries(Object.entries(runbook.roles).map(([role, { atLeast }]) => [role, atLeast]))
}

/** @returns who signs the end: all who take part, or of an aborted ceremony so many as must be there for one at all */
export function closingQuorum(runbook: Runbook, result: 'complete' | 'aborted'): Quorum | 'everyone' {
  const quorum = presenceQuorum(runbook)
  return result === 'aborted' && Object.keys(quorum).length > 0 ? quorum : 'everyone'
}

/** @returns whose word settles a step in doubt: of those who authorise it, or where nobody does, of the ceremony's quorum */
export function decidingQuorum(runbook: Runbook, step: Step): Quorum {
  return Object.keys(step.signOff.before).length > 0 ? step.signOff.before : presenceQuorum(runbook)
}
