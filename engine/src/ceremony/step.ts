/** The life of one step instance: intent, effect, outcome; and after a crash, finding out which of these had happened. */
import type { Recorded } from '../capability/recording.ts'
import type { Reconciliation } from '../plugin/contract.ts'
import { PluginError } from '../plugin/contract.ts'
import { errorData } from '../plugin/error-data.ts'
import { holds, resolve } from '../runbook/expression.ts'
import type { Runbook, Scope, Step } from '../runbook/model.ts'
import { recordSchema } from '../runbook/record.ts'
import { decidingQuorum } from '../runbook/word.ts'
import { instanceName, type Outcome, type Subject } from '../transcript/entry.ts'
import type { OpenIntent } from '../transcript/history.ts'
import { StorageError } from '../transcript/storage-error.ts'
import type { Acting, Attempts } from './act.ts'
import { checkAssertions, PluginStep, runUntil } from './act.ts'
import { CeremonyError } from './error.ts'
import type { Evidence } from './evidence.ts'
import type { Ledger } from './ledger.ts'
import type { Decision, People } from './people.ts'

/** Everything a step needs. */
export interface Stage extends Acting {
  readonly ledger: Ledger
  readonly people: Pick<People, 'instruct' | 'waive' | 'decide' | 'atRest'>
  readonly runbook: Runbook
  /** Keeps the recording of a step. */
  keepExchanges(recorded: Recorded | null): Promise<{ sha256: string; count: number } | null>
  /** What this station shows of itself. */
  evidence(): Evidence
  /** Hands the baton over and has the other station arrive. */
  transfer(to: string): Promise<void>
  /** @throws CeremonyError when the station that is to write is not this one */
  requireBaton(): void
}

export interface Instance {
  readonly key: string | null
  readonly value: unknown
}

interface Effect {
  readonly outputs: unknown
  readonly attempts: Attempts
  readonly subjects: readonly Subject[]
  readonly reconciled: boolean
}

/**
 * Carries one instance of a step through, from wherever the transcript says it stands.
 * @throws CeremonyError `step/failed` (exit 1), `step/in-doubt` (exit 3)
 */
export async function runInstance(stage: Stage, step: Step, instance: Instance): Promise<void> {
  const { history, ledger, progress } = stage
  const scope = scopeOf(stage, step, instance)
  const interrupted = history.open?.intent.step === step.id && history.open.intent.instance === instance.key
  if (!interrupted) {
    if (step.when && !holds(step.when, scope)) {
      await ledger.write({ kind: 'skipped', step: step.id, instance: instance.key, when: step.when.source }, history.station)
      progress({ kind: 'skipped', step: step.id, instance: instance.key, when: step.when.source })
      return
    }
    await declare(stage, step, instance, scope)
  }
  const intent = history.open!
  if (interrupted) {
    const { title } = step
    progress({ kind: 'step', step: step.id, instance: instance.key, title, station: history.station, says: intent.intent.says })
  }
  const started = stage.clock.now()
  const effect = await attempt(stage, step, scope, intent, interrupted)
  const failed = effect instanceof PluginError
  const outcome: Outcome = {
    kind: 'outcome',
    step: step.id,
    instance: instance.key,
    intent: intent.sequence,
    result: failed ? 'failed' : 'done',
    outputs: failed ? null : effect.outputs,
    error: failed ? errorData(effect) : null,
    exchanges: await stage.keepExchanges(stage.recording.finish()),
    attempts: failed ? null : effect.attempts,
    reconciled: failed ? false : effect.reconciled,
  }
  const says = `${step.title}: ${failed ? 'failed' : 'done'}`
  const signers = await ledger.write(
    outcome,
    history.station,
    failed ? [] : effect.subjects,
    failed ? undefined : { quorum: step.signOff.after, says },
  )
  stage.recording.discard()
  if (signers.length > 0) progress({ kind: 'signed', officers: signers, what: 'after' })
  if (failed) throw stepFailed(stage, step, instance, effect)
  progress({ kind: 'done', step: step.id, instance: instance.key, milliseconds: Math.max(0, stage.clock.now() - started) })
}

/** @returns what the expressions of this instance see */
export function scopeOf(stage: Stage, step: Step, instance: Instance): Scope {
  const scope = stage.history.scope(stage.runbook)
  return step.forEach ? { ...scope, each: { key: instance.key!, value: instance.value } } : scope
}

/** Resolves the inputs, says in words what will be done, and has that authorised. */
async function declare(stage: Stage, step: Step, instance: Instance, scope: Scope): Promise<void> {
  const { history, ledger, progress } = stage
  // What a crash left behind an outcome that was already written.
  stage.recording.discard()
  const { action, inputs, says } = await describe(stage, step, scope)
  progress({ kind: 'step', step: step.id, instance: instance.key, title: step.title, station: history.station, says })
  const attempt = history.attempts(step.id, instance.key).attempts + 1
  const except = [...new Set(step.notSameAs.flatMap((other) => [...history.signersBefore(other)]))]
  const signers = await ledger.write(
    { kind: 'intent', step: step.id, instance: instance.key, action, inputs, says, attempt },
    history.station,
    [],
    { quorum: step.signOff.before, except, says },
  )
  if (signers.length > 0) progress({ kind: 'signed', officers: signers, what: 'before' })
}

async function describe(stage: Stage, step: Step, scope: Scope): Promise<{ action: string; inputs: unknown; says: string }> {
  const { does } = step
  switch (does.kind) {
    case 'plugin': {
      const inputs = resolve(does.with, scope)
      stage.plugins.checkInput(does.plugin, does.action, inputs)
      return { action: `${does.plugin}/${does.action}`, inputs, says: await stage.plugins.says(does.plugin, does.action, inputs) }
    }
    case 'assert':
      return { action: 'assert', inputs: null, says: `Check: ${does.checks.map((check) => check.message).join('; ')}` }
    case 'instruct': {
      const text = String(resolve(does.text, scope))
      return { action: 'instruct', inputs: { text }, says: text }
    }
    case 'transfer':
      return { action: 'transfer', inputs: { to: does.to }, says: `Hand the ceremony over to ${does.to}` }
    case 'wait':
      return { action: 'wait', inputs: { milliseconds: does.milliseconds }, says: `Wait for ${does.milliseconds / 1000} s` }
  }
}

/** @returns what came of it; a PluginError is a result too, to be recorded */
async function attempt(stage: Stage, step: Step, scope: Scope, intent: OpenIntent, interrupted: boolean): Promise<Effect | PluginError> {
  try {
    return await act(stage, step, scope, intent, interrupted)
  } catch (error) {
    // Where the folder takes nothing more, it cannot take an outcome either: what happened is asked of the world later.
    if (error instanceof CeremonyError || error instanceof StorageError) throw error
    if (error instanceof PluginError) return error
    const data = errorData(error)
    return new PluginError(data.code, data.message, data)
  }
}

async function act(stage: Stage, step: Step, scope: Scope, intent: OpenIntent, interrupted: boolean): Promise<Effect> {
  const { does } = step
  const plain = (outputs: unknown): Effect => ({ outputs, attempts: null, subjects: [], reconciled: false })
  switch (does.kind) {
    case 'plugin': {
      const plugin = new PluginStep(stage, does, intent)
      try {
        const settled = await settle(stage, step, plugin, intent, interrupted)
        if (settled) return { outputs: settled, attempts: null, subjects: [], reconciled: true }
        const { outputs, attempts } = await runUntil(step, plugin, scope, stage)
        return {
          outputs,
          attempts,
          subjects: plugin.artifacts.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
          reconciled: false,
        }
      } finally {
        await plugin.close()
      }
    }
    case 'assert':
      return plain(checkAssertions(does.checks, scope))
    case 'instruct': {
      const { text } = intent.intent.inputs as { text: string }
      const where = { id: step.id, instance: intent.intent.instance }
      return plain(await stage.people.instruct(where, text, recordSchema(step, scope) ?? undefined))
    }
    case 'transfer':
      await stage.transfer(does.to)
      return plain(null)
    case 'wait':
      await stage.clock.sleep(does.milliseconds)
      return plain(null)
  }
}

/**
 * Where it is not known whether the effect took place (a crash, or a failure that could not tell), asks the world.
 * @returns the outputs if it had taken place, undefined if it may be run
 * @throws CeremonyError `step/in-doubt` when the world cannot tell
 */
async function settle(stage: Stage, step: Step, plugin: PluginStep, intent: OpenIntent, interrupted: boolean): Promise<unknown> {
  const { history, ledger, progress } = stage
  const { step: id, instance } = intent.intent
  const lastFailure = history.attempts(id, instance).lastFailure
  // Interrupted is interrupted, even behind a resolution: nobody knows whether the effect had begun again.
  const unsure = interrupted || (lastFailure !== undefined && lastFailure.error?.changed !== 'nothing')
  if (!unsure) return undefined
  const found: Reconciliation<unknown> = await plugin.reconcile()
  progress({ kind: 'in-doubt', step: id, instance, verdict: found.verdict, facts: found.facts })
  if (found.verdict === 'unknown') {
    const { says } = intent.intent
    const decision = await stage.people.decide?.({ step: id, instance, says, facts: found.facts })
    if (decision) return settleByWord(stage, step, intent, decision)
    throw new CeremonyError('step/in-doubt', `It is not known whether \`${id}\` took effect before it was interrupted.`, {
      found: found.facts,
      expected: 'the world to show whether it was done',
      advice: 'Find out by hand what the state is; the officers then decide. Nothing was changed by asking.',
      exitCode: 3,
    })
  }
  const exchanges = await stage.keepExchanges(stage.recording.finish())
  const { verdict, facts } = found
  await ledger.write(
    {
      kind: 'resolution',
      step: id,
      instance,
      intent: intent.sequence,
      how: 'reconciled',
      verdict,
      facts,
      exchanges,
    },
    history.station,
  )
  stage.recording.discard()
  return verdict === 'done' ? found.outputs : undefined
}

/** The officers' word, where the world cannot tell: authorised by a quorum, with what they have seen. */
async function settleByWord(stage: Stage, step: Step, intent: OpenIntent, decision: Decision): Promise<unknown> {
  const { history, ledger, progress, runbook, people, plugins } = stage
  const { step: id, instance } = intent.intent
  const exchanges = await stage.keepExchanges(stage.recording.finish())
  const signers = await ledger.write(
    { kind: 'resolution', step: id, instance, intent: intent.sequence, how: 'officers', ...decision, exchanges },
    history.station,
    [],
    {
      quorum: decidingQuorum(runbook, step),
      says: `${step.title}: it ${decision.verdict === 'done' ? 'took effect' : 'did not take effect'}. ${decision.facts}`,
    },
  )
  stage.recording.discard()
  progress({ kind: 'signed', officers: signers, what: 'before' })
  if (decision.verdict === 'not-done') return undefined
  const [plugin, action] = intent.intent.action.split('/') as [string, string]
  const outputs = await people.instruct({ id, instance }, 'Write down what the step gave.', plugins.action(plugin, action).output)
  plugins.checkOutput(plugin, action, outputs)
  return outputs
}

function stepFailed(stage: Stage, step: Step, instance: Instance, error: PluginError): CeremonyError {
  const name = instanceName(step.id, instance.key)
  stage.progress({ kind: 'failed', step: step.id, instance: instance.key, code: error.code, message: error.message })
  return new CeremonyError('step/failed', `Step \`${name}\` failed (${error.code}): ${error.message}`, {
    found: error.found,
    expected: error.expected,
    advice: `${error.advice}${error.changed === 'nothing' ? '' : ` What is different in the world now: ${error.changed}.`}`,
    exitCode: 1,
    cause: error,
  })
}
