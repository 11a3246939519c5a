import semver from 'semver'
import { batonFindings } from './baton.ts'
import { unwrapped } from './build.ts'
import { type Complaint, checkExpression, type View } from './check-expression.ts'
import { withFindings } from './check-with.ts'
import { byPosition } from './frame.ts'
import type { Finding, PluginDescription, Runbook, Step } from './model.ts'
import { parseRunbook } from './parse.ts'
import { readYaml } from './read.ts'
import type { Source } from './source.ts'
import { suggest } from './suggest.ts'
import { splitTemplate, UnclosedTemplate } from './template.ts'
import { warnings } from './warnings.ts'
import type { Trail } from './yaml-data.ts'

type Plugins = ReadonlyMap<string, PluginDescription>

/**
 * Parses a runbook file and checks it against the plugins: everything that can be known before a ceremony, in one go.
 * @returns all findings by position; the runbook may be run if none of them is an error
 */
export function checkSource(
  source: Uint8Array,
  file: string,
  plugins: readonly PluginDescription[],
): { runbook: Runbook | null; findings: Finding[] } {
  const { runbook, findings } = parseRunbook(source, file)
  if (runbook === null) return { runbook, findings }
  return { runbook, findings: [...findings, ...checkRunbook(runbook, plugins)].sort(byPosition) }
}

/**
 * Checks what a parsed runbook says against the plugins that are there: plugins and their versions, actions and their
 * inputs, every expression with its names and types, the stations' turns; and warns of what is legal but unwise.
 */
export function checkRunbook(runbook: Runbook, plugins: readonly PluginDescription[]): Finding[] {
  const { source, data } = readYaml(runbook.source, runbook.file)
  const items = (data as { steps: unknown[] }).steps
  const known: Plugins = new Map(plugins.map((plugin) => [plugin.name, plugin]))
  const ids = new Map(runbook.steps.map(({ id }, index): [string, number] => [id, index]).reverse())
  const found = pluginFindings(runbook, known, source)
  for (const [index, step] of runbook.steps.entries()) {
    const item = items[index]
    if (typeof item !== 'object' || item === null) continue
    const view = { runbook, plugins: known, ids, index, each: step.forEach !== undefined, outputs: false }
    found.push(...new StepCheck(step, item as Record<string, unknown>, view, source).findings())
  }
  return [...found, ...batonFindings(runbook, source), ...warnings(runbook, source)].sort(byPosition)
}

function pluginFindings(runbook: Runbook, plugins: Plugins, source: Source): Finding[] {
  const found: Finding[] = []
  for (const [name, range] of Object.entries(runbook.plugins)) {
    const plugin = plugins.get(name)
    if (plugin === undefined) {
      const advice = suggest(name, plugins.keys(), 'plugins')
      found.push(source.finding('error', 'runbook/unknown-plugin', source.key(['plugins', name]), `There is no plugin \`${name}\``, advice))
    } else if (semver.validRange(range) !== null && !semver.satisfies(plugin.version, range)) {
      const message = `The plugin \`${name}\` is here in version ${plugin.version}, and the runbook wants \`${range}\``
      const advice = 'Bring that version, or rehearse the runbook with this one and change the range.'
      found.push(source.finding('error', 'runbook/plugin-version', source.value(['plugins', name]), message, advice))
    }
  }
  return found
}

/** One step's check: walks over everything in it that holds an expression. */
class StepCheck {
  readonly #step: Step
  readonly #item: Readonly<Record<string, unknown>>
  readonly #view: View
  readonly #source: Source
  readonly #path: Trail
  readonly #found: Finding[] = []

  constructor(step: Step, item: Readonly<Record<string, unknown>>, view: View, source: Source) {
    this.#step = step
    this.#item = item
    this.#view = view
    this.#source = source
    this.#path = ['steps', view.index]
  }

  findings(): Finding[] {
    const { does } = this.#step
    this.#condition(['for-each'], { ...this.#view, each: false }, ['list', 'map'])
    this.#condition(['when'], this.#view, ['bool'])
    this.#condition(['until', 'that'], { ...this.#view, outputs: true }, ['bool'])
    if (does.kind === 'assert') for (const index of does.checks.keys()) this.#condition(['assert', index, 'that'], this.#view, ['bool'])
    if (does.kind === 'instruct') {
      this.#template(['instruct'], does.text.value)
      for (const name of Object.keys(does.record?.properties ?? {})) {
        this.#condition(['record', name, 'for-each'], this.#view, ['list', 'map', 'int'])
      }
    }
    if (does.kind === 'plugin') this.#action(does.plugin, does.action, does.with.value)
    return this.#found
  }

  /** A bare expression (or one in `${{ }}`) whose result must be of one of these CEL types. */
  #condition(trail: Trail, view: View, wanted: readonly string[]): void {
    const text = at(this.#item, trail)
    if (typeof text !== 'string') return
    const path = [...this.#path, ...trail]
    const { expression, offset } = unwrapped(text)
    const type = this.#expression(path, text, expression, offset, view)
    if (type === 'dyn' || wanted.includes(type.replace(/<.*/, ''))) return
    const place = this.#source.inside(path, text, offset, 0)
    const message = `The result is of type ${type}, and \`${trail.at(-1)}\` wants ${wanted.join(' or ')}`
    this.#found.push(this.#source.finding('error', 'expression/type', place, message))
  }

  /** Checks every expression of a template. */
  #template(trail: Trail, value: unknown): void {
    if (typeof value === 'string') this.#text([...this.#path, ...trail], value)
    else if (typeof value === 'object' && value !== null) {
      const keys = Array.isArray(value) ? value.keys() : Object.keys(value)
      for (const key of keys) this.#template([...trail, key], (value as Record<string | number, unknown>)[key])
    }
  }

  /** @returns the type of the whole text */
  #text(path: Trail, text: string): string {
    try {
      const parts = splitTemplate(text)
      const types = parts.map((part) =>
        'expression' in part ? this.#expression(path, text, part.expression, part.offset, this.#view) : 'string',
      )
      if (parts.length > 1)
        for (const [index, part] of parts.entries()) if ('expression' in part) this.#fitsText(path, text, part.offset, types[index]!)
      return types.length === 1 ? types[0]! : 'string'
    } catch (error) {
      if (!(error instanceof UnclosedTemplate)) throw error
      const place = this.#source.inside(path, text, error.offset, 0)
      this.#found.push(this.#source.finding('error', 'expression/syntax', place, 'The `${{` is not closed', 'End it with `}}`.'))
      return 'dyn'
    }
  }

  /** What stands among other text must itself be written as text. */
  #fitsText(path: Trail, text: string, offset: number, type: string): void {
    const kind = /^(list|map)\b/.exec(type)?.[1]
    if (kind === undefined) return
    const place = this.#source.inside(path, text, offset, 0)
    const advice = kind === 'list' ? 'Join it: `the_list.join(", ")`.' : 'Say which of its values is meant.'
    this.#found.push(this.#source.finding('error', 'expression/type', place, `A ${kind} cannot stand inside text`, advice))
  }

  #expression(path: Trail, text: string, expression: string, offset: number, view: View): string {
    const { complaints, type } = checkExpression(expression, view)
    for (const complaint of complaints) this.#found.push(this.#located(complaint, path, text, offset))
    return type
  }

  #located({ code, offset, message, advice }: Complaint, path: Trail, text: string, start: number): Finding {
    return this.#source.finding('error', code, this.#source.inside(path, text, start, offset), message, advice)
  }

  #action(name: string, action: string, value: unknown): void {
    this.#template(['with'], value)
    const plugin = this.#view.plugins.get(name)
    // An undeclared plugin is told of by the parser, one that is not there by pluginFindings.
    if (plugin === undefined || !Object.hasOwn(this.#view.runbook.plugins, name)) return
    if (!Object.hasOwn(plugin.actions, action)) {
      const full = Object.keys(plugin.actions).map((each) => `${name}/${each}`)
      const place = this.#source.value([...this.#path, 'uses'])
      const advice = suggest(`${name}/${action}`, full, 'actions')
      this.#found.push(this.#source.finding('error', 'runbook/unknown-action', place, `Unknown action \`${name}/${action}\``, advice))
      return
    }
    const typed = (text: string) => typeOf(text, this.#view)
    this.#found.push(...withFindings(value, plugin.actions[action]!.input, [...this.#path, 'with'], this.#source, typed))
  }
}

/** The CEL type of a template's text; `dyn` if it is wrong, which is reported elsewhere. */
function typeOf(text: string, view: View): string {
  try {
    const [only, ...more] = splitTemplate(text)
    return more.length === 0 && only !== undefined && 'expression' in only ? checkExpression(only.expression, view).type : 'string'
  } catch {
    return 'dyn'
  }
}

function at(value: unknown, trail: Trail): unknown {
  let inside = value
  for (const name of trail) inside = (inside as Readonly<Record<string | number, unknown>> | null | undefined)?.[name]
  return inside
}
