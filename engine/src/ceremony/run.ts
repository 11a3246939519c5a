/** Runs a ceremony from wherever its transcript stands: a fresh one has only begun, a resumed one goes on. */
import { instances } from '../runbook/instances.ts'
import type { Step } from '../runbook/model.ts'
import { closingQuorum } from '../runbook/word.ts'
import { ABORTED, type Closed } from '../transcript/entry.ts'
import { CeremonyError } from './error.ts'
import { networkFound } from './evidence.ts'
import type { Ledger } from './ledger.ts'
import { runInstance, type Stage, scopeOf } from './step.ts'

/**
 * Carries out every step that has no outcome yet, in the runbook's order, and closes the ceremony.
 * @throws CeremonyError where it stops; everything up to there is in the transcript
 */
export async function runCeremony(stage: Stage): Promise<void> {
  const { history, runbook, progress } = stage
  if (history.closed) return
  if (!history.arrived && !history.handedOverTo) await arrive(stage)
  let phase = ''
  for (const step of runbook.steps) {
    for (const instance of instancesOf(stage, step)) {
      if (history.isFinished(step.id, instance.key)) continue
      await stage.people.atRest?.()
      if (step.phase !== phase) progress({ kind: 'phase', title: step.phase })
      phase = step.phase
      await runInstance(stage, step, instance)
    }
  }
  await close(stage, 'complete', `Close the ceremony after ${history.entries} entries`)
}

async function close({ history, ledger, runbook, progress }: Stage, result: Closed['result'], says: string): Promise<void> {
  const { entries, stepsDone, deviations, station } = history
  const signers = await ledger.write({ kind: 'closed', entries, result, steps_done: stepsDone, deviations }, station, [], {
    quorum: closingQuorum(runbook, result),
    says,
  })
  progress({ kind: 'signed', officers: signers, what: 'all' })
  progress({ kind: 'closed', entries: entries + 1 })
}

/** Writes an officer's note, which that officer alone signs. */
export async function note(ledger: Ledger, station: string, officer: string, text: string): Promise<void> {
  await ledger.write({ kind: 'deviation', officer, note: text }, station, [], { quorum: {}, only: officer, says: text })
}

/**
 * Ends a ceremony for good before its last step. What was under way is said to have failed: nobody knows what it changed.
 * @param who says so; the reason is that officer's note
 */
export async function abortCeremony(stage: Stage, { officer, reason }: { officer: string; reason: string }): Promise<void> {
  const { history, ledger } = stage
  await note(ledger, history.station, officer, `Abort the ceremony: ${reason}`)
  if (history.open) {
    const { step, instance } = history.open.intent
    const exchanges = await stage.keepExchanges(stage.recording.finish())
    await ledger.write({ kind: 'outcome', step, instance, intent: history.open.sequence, ...CUT_OFF, exchanges }, history.station)
    stage.recording.discard()
  }
  await close(stage, 'aborted', `Abort the ceremony after ${history.entries} entries: ${reason}`)
}

/** What is said of a step that was under way when the ceremony was aborted. */
const CUT_OFF = {
  result: 'failed',
  outputs: null,
  error: {
    code: ABORTED,
    message: 'The ceremony was aborted while this step was under way.',
    found: 'no outcome',
    expected: 'an outcome',
    changed: 'unknown',
    advice: 'Find out by hand what the state is.',
  },
  attempts: null,
  reconciled: false,
} as const

function instancesOf(stage: Stage, step: Step) {
  return instances(step, scopeOf(stage, step, { key: '', value: null }))
}

/**
 * Hands the baton to another station, from wherever a crash may have left that, and has it show its state.
 * @throws CeremonyError when that station is elsewhere, and the ceremony has to be carried to it
 */
export async function transferTo(stage: Stage, to: string): Promise<void> {
  const { history, ledger } = stage
  if (history.station !== to) {
    if (history.handedOverTo === undefined) await ledger.write({ kind: 'handed-over', to }, history.station)
    stage.requireBaton()
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
