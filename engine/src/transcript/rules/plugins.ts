/** What a step gives to a plugin and gets from it, against what the plugin says of itself in its package. */
import type { Does } from '../../runbook/model.ts'
import type { Outcome } from '../entry.ts'
import type { PackagedAction, PackagedPlugin } from '../plugin-package.ts'
import { type Report, shown } from './report.ts'
import type { Schemas } from './schemas.ts'

type PluginDoes = Extract<Does, { kind: 'plugin' }>

/** The plugins' packages, as far as they are there. */
export class Packages {
  readonly #schemas: Schemas
  readonly #actions = new Map<string, ReadonlyMap<string, PackagedAction>>()

  constructor(schemas: Schemas) {
    this.#schemas = schemas
  }

  /** Takes a plugin's package. @throws Error if a schema in it is none */
  add({ name, actions }: PackagedPlugin): void {
    this.#actions.set(name, new Map(Object.entries(actions)))
    for (const { input, output } of Object.values(actions)) for (const schema of [input, output]) this.#schemas.compile(schema)
  }

  /** @returns the action; undefined if the plugin's package is not there or has none of that name */
  find({ plugin, action }: PluginDoes): PackagedAction | undefined {
    return this.#actions.get(plugin)?.get(action)
  }

  checkInput(does: PluginDoes, inputs: unknown, report: Report): void {
    const action = this.find(does)
    if (!action) {
      const known = this.#actions.get(does.plugin)
      if (known) report('plugin/action', `${does.plugin}/${does.action}`, `one of ${shown([...known.keys()].join(', '))}`)
      return
    }
    const difference = this.#schemas.difference(action.input, inputs)
    if (difference !== undefined) report('plugin/input', shown(difference), `inputs that fit the schema of ${does.plugin}/${does.action}`)
  }

  checkOutput(does: PluginDoes, { outputs, attempts }: Outcome, report: Report): void {
    const action = this.find(does)
    if (!action) return
    const expected = `outputs that fit the schema of ${does.plugin}/${does.action}`
    const difference = this.#schemas.difference(action.output, outputs)
    if (difference !== undefined) report('plugin/output', shown(difference), expected)
    for (const [index, attempt] of (attempts ?? []).entries()) {
      const difference = this.#schemas.difference(action.output, attempt.outputs)
      if (difference !== undefined) report('plugin/output', `attempt ${index + 1}: ${shown(difference)}`, expected)
    }
  }
}
