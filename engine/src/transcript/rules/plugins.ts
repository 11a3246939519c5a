/** What a step gives to a plugin and gets from it, against what the plugin says of itself in its package. */
import type { Does } from '../../runbook/model.ts'
import type { Outcome } from '../entry.ts'
import type { PackagedAction, PackagedPlugin } from '../plugin-package.ts'
import { type Report, shown } from './report.ts'
import { differenceFrom, SchemaError } from './schemas.ts'

type PluginDoes = Extract<Does, { kind: 'plugin' }>

/** The plugins' packages, as far as they are there. */
export class Packages {
  readonly #actions = new Map<string, ReadonlyMap<string, PackagedAction>>()

  add({ name, actions }: PackagedPlugin): void {
    this.#actions.set(name, new Map(Object.entries(actions)))
  }

  /** @returns the action; undefined if the plugin's package is not there or has none of that name */
  find({ plugin, action }: PluginDoes): PackagedAction | undefined {
    return this.#actions.get(plugin)?.get(action)
  }

  checkInput(does: PluginDoes, inputs: unknown, report: Report): void {
    const action = this.find(does)
    const known = this.#actions.get(does.plugin)
    if (action) fits('plugin/input', does, action.input, inputs, '', report)
    else if (known) report('plugin/action', nameOf(does), `one of ${shown([...known.keys()].join(', '))}`)
  }

  checkOutput(does: PluginDoes, { outputs, attempts }: Outcome, report: Report): void {
    const action = this.find(does)
    if (!action) return
    fits('plugin/output', does, action.output, outputs, '', report)
    for (const [index, attempt] of (attempts ?? []).entries())
      fits('plugin/output', does, action.output, attempt.outputs, `attempt ${index + 1}: `, report)
  }
}

function fits(
  rule: 'plugin/input' | 'plugin/output',
  does: PluginDoes,
  schema: object,
  data: unknown,
  where: string,
  report: Report,
): void {
  try {
    const difference = differenceFrom(schema, data)
    if (difference !== undefined) report(rule, where + shown(difference), `what fits the schema of ${nameOf(does)}`)
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error
    report('plugin/action', `${nameOf(does)} has a schema that cannot be used: ${shown(error.message)}`, 'a JSON Schema (draft 2020-12)')
  }
}

const nameOf = ({ plugin, action }: PluginDoes): string => `${plugin}/${action}`
