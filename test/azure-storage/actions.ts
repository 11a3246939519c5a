/** What several tests of the plugin need. */
import { Errors } from 'typebox/value'
import { expect } from 'vitest'
import type { Context, Reconciliation } from '../../engine/src/plugin/contract.ts'
import plugin from '../../plugins/azure-storage/src/index.ts'

/** Runs an action of the plugin, as the engine does: input and outputs must be as the action declares them. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into outputs of many shapes
export async function run(name: string, input: unknown, context: Context): Promise<any> {
  const action = plugin.actions[name]!
  expect([...Errors(action.input, input)]).toEqual([])
  const outputs = await action.run(input as never, context)
  expect([...Errors(action.output, outputs)]).toEqual([])
  return outputs
}

/** Asks an action of the plugin whether it took place. */
export async function reconcile(name: string, input: unknown, context: Context): Promise<Reconciliation<unknown>> {
  const action = plugin.actions[name]!
  const found = (await action.reconcile!(input as never, context)) as Reconciliation<unknown>
  if (found.verdict === 'done') expect([...Errors(action.output, found.outputs)]).toEqual([])
  return found
}
