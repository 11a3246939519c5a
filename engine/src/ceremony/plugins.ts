/** The plugins of one ceremony: their packages, their processes, and the checks of what goes in and comes out. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { type Needs, PluginError } from '../plugin/contract.ts'
import { errorFrom } from '../plugin/error-data.ts'
import { findPlugin, type PluginPackage } from '../plugin/package.ts'
import { PluginProcess } from '../plugin/process.ts'
import type { PluginDescription } from '../runbook/model.ts'
import { digestOfFiles, type PackagedPlugin } from '../transcript/plugin-package.ts'
import { faultIn } from '../transcript/shape.ts'

interface Loaded {
  readonly about: PluginPackage
  process: PluginProcess
  readonly inputs: Map<string, ValidateFunction>
  readonly outputs: Map<string, ValidateFunction>
}

export class Plugins {
  readonly #loaded = new Map<string, Loaded>()
  readonly #onLog: (text: string) => void

  private constructor(onLog: (text: string) => void) {
    this.#onLog = onLog
  }

  /**
   * Finds and starts the plugins, side by side.
   * @throws PluginError when one is missing or cannot be loaded
   */
  static async start(names: readonly string[], folders: readonly string[] | undefined, onLog: (text: string) => void): Promise<Plugins> {
    const plugins = new Plugins(onLog)
    const packages = names.map((name) => findPlugin(name, folders))
    const started = await Promise.allSettled(packages.map((about) => PluginProcess.start(about, onLog)))
    for (const [index, result] of started.entries()) {
      if (result.status === 'fulfilled') plugins.#add(packages[index]!, result.value)
    }
    const failed = started.find((result) => result.status === 'rejected')
    if (failed) {
      await plugins.stop()
      throw failed.reason
    }
    return plugins
  }

  /** @returns what `check` needs to know of each plugin */
  descriptions(): PluginDescription[] {
    return [...this.#loaded.values()].map(({ about, process }) => ({
      name: about.name,
      version: about.version,
      title: process.manifest.title,
      sha256: digestOfFiles(about.files),
      actions: process.manifest.actions,
    }))
  }

  /** @returns each plugin as the ceremony keeps it */
  packages(): PackagedPlugin[] {
    return [...this.#loaded.values()].map(({ about: { name, version, files }, process }) => ({
      name,
      version,
      files,
      actions: process.manifest.actions,
    }))
  }

  /** @returns the plugin's process, started again if it had died */
  async process(name: string): Promise<PluginProcess> {
    const loaded = this.#get(name)
    if (loaded.process.gone) loaded.process = await PluginProcess.start(loaded.about, this.#onLog)
    return loaded.process
  }

  needs(plugin: string): Needs {
    return this.#get(plugin).process.manifest.needs
  }

  action(plugin: string, action: string) {
    const about = this.#get(plugin).process.manifest.actions[action]
    if (!about) throw new Error(`plugin ${plugin} has no action ${action}`)
    return about
  }

  /** @returns what the action will do, in the plugin's own words */
  async says(plugin: string, action: string, input: unknown): Promise<string> {
    const process = await this.process(plugin)
    const call = { what: 'says', action, input, seed: new Uint8Array(32), time: 0, cloud: null } as const
    const reply = await process.call(call, async () => {
      throw new Error('`says` has no doors')
    })
    if (!reply.ok) throw errorFrom(reply.error)
    return String(reply.value).slice(0, 2000)
  }

  /** @throws PluginError `plugin/bad-input` */
  checkInput(plugin: string, action: string, input: unknown): void {
    check(this.#get(plugin).inputs.get(action)!, input, 'plugin/bad-input', {
      message: `The inputs of \`${plugin}/${action}\` are not what it takes.`,
      changed: 'nothing',
      advice: 'Correct the runbook or its parameters; nothing was done.',
    })
  }

  /** @throws PluginError `plugin/bad-output` */
  checkOutput(plugin: string, action: string, output: unknown): void {
    check(this.#get(plugin).outputs.get(action)!, output, 'plugin/bad-output', {
      message: `\`${plugin}/${action}\` returned what its own description rules out.`,
      changed: 'unknown',
      advice: 'Report this to the maintainers of the plugin; resume when it is mended.',
    })
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#loaded.values()].map(({ process }) => process.stop()))
  }

  #add(about: PluginPackage, process: PluginProcess): void {
    const ajv = new Ajv2020({ allErrors: true, strict: false })
    const compile = (which: 'input' | 'output'): Map<string, ValidateFunction> =>
      new Map(Object.entries(process.manifest.actions).map(([name, action]) => [name, ajv.compile(action[which])]))
    this.#loaded.set(about.name, { about, process, inputs: compile('input'), outputs: compile('output') })
  }

  #get(name: string): Loaded {
    const loaded = this.#loaded.get(name)
    if (!loaded) throw new Error(`plugin ${name} is not loaded`)
    return loaded
  }
}

function check(
  validate: ValidateFunction,
  data: unknown,
  code: string,
  about: { message: string; changed: 'nothing' | 'unknown'; advice: string },
): void {
  if (validate(data)) return
  const faults = (validate.errors ?? []).map(faultIn)
  throw new PluginError(code, about.message, {
    found: faults.join('; ').slice(0, 1000),
    expected: 'data that fits the action’s schema',
    changed: about.changed,
    advice: about.advice,
  })
}
