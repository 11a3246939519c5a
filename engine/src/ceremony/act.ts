/** Does what a step says, between its intent and its outcome. Writes nothing into the transcript by itself. */
import { createHash } from 'node:crypto'
import type { CeremonyClock } from '../capability/clock.ts'
import type { Artifacts, Doors } from '../capability/doors.ts'
import type { Recorder } from '../capability/recording.ts'
import type { Artifact, Cloud, Needs, Reconciliation } from '../plugin/contract.ts'
import { PluginError } from '../plugin/contract.ts'
import { errorFrom } from '../plugin/error-data.ts'
import type { CallKind } from '../plugin/protocol.ts'
import { evaluate, holds } from '../runbook/expression.ts'
import type { Does, Scope, Step } from '../runbook/model.ts'
import type { Outcome } from '../transcript/entry.ts'
import type { History, OpenIntent } from '../transcript/history.ts'
import type { Plugins } from './plugins.ts'
import type { Progress } from './progress.ts'

/** What plugin steps act with. */
export interface Acting {
  readonly plugins: Plugins
  readonly clock: CeremonyClock
  readonly artifacts: Artifacts
  readonly history: History
  readonly recording: Recorder
  /** Opens the doors of one step. */
  openDoors(needs: Needs, artifacts: Artifacts): Doors
  readonly progress: Progress
}

export type PluginDoes = Extract<Does, { kind: 'plugin' }>

/** One step's plugin, with its doors open until `close`. */
export class PluginStep {
  readonly #acting: Acting
  readonly #does: PluginDoes
  readonly #intent: OpenIntent
  readonly #doors: Doors
  readonly #artifacts = new Map<string, Artifact>()
  #calls = 0

  constructor(acting: Acting, does: PluginDoes, intent: OpenIntent) {
    this.#acting = acting
    this.#does = does
    this.#intent = intent
    const noted: Artifacts = {
      get: acting.artifacts.get,
      put: async (name, bytes) => {
        const artifact = await acting.artifacts.put(name, bytes)
        this.#artifacts.set(name, artifact)
        return artifact
      },
    }
    this.#doors = acting.openDoors(acting.plugins.needs(does.plugin), noted)
  }

  /** What the plugin kept, to be named by the outcome. */
  get artifacts(): readonly Artifact[] {
    return [...this.#artifacts.values()]
  }

  /** @throws PluginError */
  async run(): Promise<unknown> {
    const outputs = await this.#call('run')
    this.#acting.plugins.checkOutput(this.#does.plugin, this.#does.action, outputs)
    return outputs
  }

  /** @throws PluginError */
  async reconcile(): Promise<Reconciliation<unknown>> {
    const { plugin, action } = this.#does
    const about = this.#acting.plugins.action(plugin, action)
    if (about.readsOnly) return { verdict: 'not-done', facts: 'this action changes nothing, so it simply runs again' }
    if (!about.reconciles) return { verdict: 'unknown', facts: `\`${plugin}/${action}\` cannot tell whether its effect took place` }
    const found = (await this.#call('reconcile')) as Reconciliation<unknown>
    if (found.verdict === 'done') this.#acting.plugins.checkOutput(plugin, action, found.outputs)
    return found
  }

  close(): Promise<void> {
    return this.#doors.close()
  }

  async #call(what: CallKind): Promise<unknown> {
    const { plugin, action } = this.#does
    const { clock, recording, plugins, history } = this.#acting
    // The intent is the root of the randomness: what is asked again after a crash is asked with the same request ids.
    const seed = createHash('sha256')
      .update(this.#intent.payloadDigest)
      .update(`${what} ${++this.#calls}`)
      .digest()
    const time = recording.begin({ what, action: `${plugin}/${action}`, seed: seed.toString('base64') }, clock.now())
    const cloud = (history.opened?.cloud ?? null) as Cloud | null
    const process = await plugins.process(plugin)
    const reply = await process.call({ what, action, input: this.#intent.intent.inputs, seed, time, cloud }, this.#doors.keeper)
    if (!reply.ok) throw errorFrom(reply.error)
    return reply.value
  }
}

export type Attempts = Outcome['attempts']

/**
 * Runs the plugin until the condition holds, or once if the step has none.
 * @throws PluginError of the plugin, or `until/not-in-time`
 */
export async function runUntil(
  step: Step,
  plugin: PluginStep,
  scope: Scope,
  acting: Acting,
): Promise<{ outputs: unknown; attempts: Attempts }> {
  const { until } = step
  if (!until) return { outputs: await plugin.run(), attempts: null }
  const { clock, recording } = acting
  const attempts: { time: string; holds: boolean; outputs: unknown }[] = []
  // The recording's time, not the clock's, so that what is decided by it can be decided again.
  for (let deadline: number | undefined; ; ) {
    const outputs = await plugin.run()
    deadline ??= recording.time + until.within
    const time = new Date(recording.time).toISOString()
    const done = holds(until.that, { ...scope, outputs })
    attempts.push({ time, holds: done, outputs })
    acting.progress({ kind: 'attempt', number: attempts.length, holds: done, time })
    if (done) return { outputs, attempts }
    if (recording.time + until.every > deadline) throw notInTime(step, attempts, outputs)
    await clock.sleep(until.every)
  }
}

function notInTime(step: Step, attempts: readonly unknown[], outputs: unknown): PluginError {
  return new PluginError('until/not-in-time', `What \`${step.id}\` waits for did not come.`, {
    found: `after ${attempts.length} attempts in ${(step.until?.within ?? 0) / 60_000} minutes: ${JSON.stringify(outputs).slice(0, 500)}`,
    expected: step.until?.that.source ?? '',
    changed: 'nothing',
    advice: 'Find out why, then resume: the step is tried again from the start.',
  })
}

/**
 * Checks the assertions of a step.
 * @returns each check with what it came to
 * @throws PluginError `assert/does-not-hold` naming the first that fails
 */
export function checkAssertions(checks: Extract<Does, { kind: 'assert' }>['checks'], scope: Scope): unknown {
  for (const { that, message } of checks) {
    if (holds(that, scope)) continue
    throw new PluginError('assert/does-not-hold', message, {
      found: `false: ${sidesOf(that.source, scope) ?? that.source}`,
      expected: that.source,
      changed: 'nothing',
      advice: 'Stop and find out why. What the runbook demands is not so; going on would make the record untrue.',
    })
  }
  return { checks: checks.map(({ that }) => ({ that: that.source, holds: true })) }
}

/** @returns both sides of a simple comparison with their values, to show what differs */
function sidesOf(source: string, scope: Scope): string | undefined {
  const sides = source.split(/ (?:==|!=|<=|>=|<|>) /)
  if (sides.length !== 2 || /&&|\|\|/.test(source)) return undefined
  try {
    return sides
      .map((side) => `${side.trim()} is ${JSON.stringify(evaluate({ source: side, position: { line: 1, column: 1 } }, scope))}`)
      .join(', ')
  } catch {
    return undefined
  }
}
