/** The actions of a plugin of Azure, called as the engine calls them. */
import { Errors } from 'typebox/value'
import { expect } from 'vitest'
import type { Context, Plugin, Reconciliation } from '../engine/src/plugin/contract.ts'

export interface Actions {
  /** Runs an action: input and outputs must be as the action declares them. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into outputs of many shapes
  run(name: string, input: unknown, context: Context): Promise<any>
  /** Asks an action whether it took place. */
  reconcile(name: string, input: unknown, context: Context): Promise<Reconciliation<unknown>>
}

export function actionsOf(plugin: Plugin): Actions {
  return {
    async run(name, input, context) {
      const action = plugin.actions[name]!
      expect([...Errors(action.input, input)]).toEqual([])
      const outputs = await action.run(input as never, context)
      expect([...Errors(action.output, outputs)]).toEqual([])
      return outputs
    },
    async reconcile(name, input, context) {
      const action = plugin.actions[name]!
      const found = (await action.reconcile!(input as never, context)) as Reconciliation<unknown>
      if (found.verdict === 'done') expect([...Errors(action.output, found.outputs)]).toEqual([])
      return found
    },
  }
}
