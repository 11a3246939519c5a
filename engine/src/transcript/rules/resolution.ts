/** Resolutions: how a step in doubt was settled, and by what right. */
import { decidingQuorum } from '../../runbook/word.ts'
import { instanceName, type Resolution } from '../entry.ts'
import { belongs } from './outcome.ts'
import type { Checked } from './report.ts'
import { quorumSigned } from './signers.ts'
import type { Script } from './steps.ts'

export function resolutionRules(resolution: Resolution, checked: Checked, { history, course, packages }: Script): void {
  if (!belongs(resolution, checked, history)) return
  const { step: id, instance, how, verdict } = resolution
  const step = course?.find(id)
  if (!step) return
  if (step.does.kind !== 'plugin') {
    checked.report('resolution/step', instanceName(id, instance), 'a step that uses a plugin: the others are simply done again')
    return
  }
  // The word of the officers is authorised as the step itself is.
  if (how === 'officers') {
    quorumSigned(checked, history.opened?.officers ?? [], decidingQuorum(course!.runbook, step), 'before')
    return
  }
  const action = packages.find(step.does)
  if (action?.reconciles && !resolution.exchanges) checked.report('step/exchanges', 'no recording', 'that of asking the world')
  if (action && !action.reconciles && (!action.readsOnly || verdict === 'done'))
    checked.report('resolution/verdict', verdict, `nothing that ${step.does.plugin}/${step.does.action} can tell by itself`)
}
