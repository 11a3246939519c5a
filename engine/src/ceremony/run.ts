/** Runs a ceremony from wherever its transcript stands: a fresh one has only begun, a resumed one goes on. */
import { instances } from '../runbook/instances.ts'
import type { Step } from '../runbook/model.ts'
import { CeremonyError } from './error.ts'
import { networkFound } from './evidence.ts'
import { runInstance, type Stage, scopeOf } from './step.ts'

/**
 * Carries out every step that has no outcome yet, in the runbook's order, and closes the ceremony.
 * @throws CeremonyError where it stops; everything up to there is in the transcript
 */
export async function runCeremony(stage: Stage): Promise<void> {
  const { history, ledger, runbook, progress } = stage
  if (history.closed) return
  if (!history.arrived && !history.handedOverTo) await arrive(stage)
  let phase = ''
  for (const step of runbook.steps) {
    for (const instance of instancesOf(stage, step)) {
      if (history.isFinished(step.id, instance.key)) continue
      if (step.phase !== phase) progress({ kind: 'phase', title: step.phase })
      phase = step.phase
      await runInstance(stage, step, instance)
    }
  }
  const entries = history.entries
  const signers = await ledger.write(
    { kind: 'closed', entries, result: 'complete', steps_done: history.stepsDone, deviations: history.deviations },
    history.station,
    [],
    { quorum: 'everyone', says: `Close the ceremony after ${entries} entries` },
  )
  progress({ kind: 'signed', officers: signers, what: 'all' })
  progress({ kind: 'closed', entries: entries + 1 })
}

function instancesOf(stage: Stage, step: Step) {
  return instances(step, scopeOf(stage, step, { key: '', value: null }))
}

/**
 * Hands the baton to another station, from wherever a crash may have left that, and has it show its state.
 */
export async function transferTo(stage: Stage, to: string): Promise<void> {
  const { history, ledger } = stage
  if (history.station !== to) {
    if (history.handedOverTo === undefined) await ledger.write({ kind: 'handed-over', to }, history.station)
    await ledger.write({ kind: 'received', from: history.station }, to)
  }
  if (!history.arrived) await arrive(stage)
}

/** The station shows its state; one that has a network where the runbook forbids it goes on only by a waiver that everyone signs. */
async function arrive(stage: Stage): Promise<void> {
  const { history, ledger, runbook, people, progress } = stage
  const { station } = history
  const evidence = stage.evidence()
  const found = runbook.stations[station]?.network === 'none' ? networkFound(evidence) : undefined
  let waiver: { reason: string } | null = null
  if (found) {
    const reason = await people.waive(`${station} has a network`, found)
    if (reason === undefined) {
      throw new CeremonyError('station/has-network', `Station \`${station}\` must have no network, but it has one.`, {
        found,
        expected: 'no interface with an address of its own, and no default route',
        advice: 'Pull the cables and switch the radios off, then resume; or have everyone present waive it, with a reason.',
        exitCode: 3,
      })
    }
    waiver = { reason }
  }
  const signOff = waiver
    ? { quorum: 'everyone' as const, says: `Go on at ${station} although it has a network: ${waiver.reason}` }
    : undefined
  await ledger.write({ kind: 'arrived', evidence: { ...evidence }, waiver }, station, [], signOff)
  progress({ kind: 'arrived', station, waiver: waiver?.reason ?? null })
}
