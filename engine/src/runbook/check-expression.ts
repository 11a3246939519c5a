import { environment, problem } from './cel.ts'
import type { PluginDescription, Runbook, Step } from './model.ts'
import { type Reference, referencesOf, type Segment } from './references.ts'
import { ANYTHING, celType, itemOf, member, type Schema } from './schema-path.ts'
import { suggest } from './suggest.ts'

/** What an expression may see where it stands. */
export interface View {
  readonly runbook: Runbook
  readonly plugins: ReadonlyMap<string, PluginDescription>
  /** Number of the step with an id, from zero; the first where the id stands twice. */
  readonly ids: ReadonlyMap<string, number>
  /** Number of the step in the runbook, from zero: the steps before it are finished. */
  readonly index: number
  /** Whether `each` is there. */
  readonly each: boolean
  /** Whether `outputs` is there. */
  readonly outputs: boolean
}

/** Something wrong inside an expression. */
export interface Complaint {
  readonly code: string
  readonly offset: number
  readonly message: string
  readonly advice?: string
}

/**
 * Checks an expression without evaluating it: its grammar, every name it uses, and its types as far as schemas tell them.
 * @returns what is wrong, and the CEL type of the result (`dyn` if it is open)
 */
export function checkExpression(expression: string, view: View): { complaints: Complaint[]; type: string } {
  let references: Reference[]
  try {
    references = referencesOf(expression)
  } catch (error) {
    const { code, offset, message } = problem(error, 'expression/syntax')
    return { complaints: [{ code, offset, message: `This is no CEL expression: ${message}` }], type: 'dyn' }
  }
  const complaints: Complaint[] = []
  const schemas = references.map((reference) => schemaOf(reference, view, complaints))
  if (complaints.length > 0) return { complaints, type: 'dyn' }
  return checkTypes(expression, references, schemas)
}

/**
 * Lets CEL check the types: every reference gives way to a variable of the type that its schema tells, padded to the same
 * length so that places stay what they are.
 */
function checkTypes(
  expression: string,
  references: readonly Reference[],
  schemas: readonly Schema[],
): { complaints: Complaint[]; type: string } {
  const variables: Record<string, string> = {}
  let text = ''
  let at = 0
  for (const [index, { start, end, root }] of references.entries()) {
    if (start < at) continue
    const length = end - start
    const name = `v${index}`
    if (name.length > length) return { complaints: [], type: 'dyn' }
    variables[name] = expression.startsWith('has', start) && root !== 'has' ? 'bool' : celType(schemas[index]!)
    text += expression.slice(at, start) + name.padEnd(length)
    at = end
  }
  text += expression.slice(at)
  const result = environment(variables).check(text)
  if (result.valid) return { complaints: [], type: result.type ?? 'dyn' }
  const { code, offset, message } = problem(result.error, 'expression/type')
  // Where the substitution tore parentheses apart there is nothing to be said about types.
  if (result.error?.name === 'ParseError') return { complaints: [], type: 'dyn' }
  return { complaints: [{ code, offset, message: `The types do not fit: ${message}` }], type: 'dyn' }
}

/** What a reference leads to; complains if it leads nowhere. */
function schemaOf(reference: Reference, view: View, complaints: Complaint[]): Schema {
  const { root, segments, start } = reference
  const wrong = (code: string, offset: number, message: string, advice?: string): Schema => {
    complaints.push({ code: `runbook/${code}`, offset, message, ...(advice === undefined ? {} : { advice }) })
    return ANYTHING
  }
  switch (root) {
    case 'parameters':
      return follow(parametersSchema(view.runbook), segments, 'parameters', 'unknown-parameter', wrong)
    case 'steps':
      return stepSchema(reference, view, wrong)
    case 'each': {
      if (!view.each) return wrong('no-each', start, '`each` is there only inside a step with `for-each`')
      return follow(eachSchema(view), segments, 'each', 'unknown-name', wrong)
    }
    case 'outputs': {
      if (view.outputs) return follow(outputsOf(view.runbook.steps[view.index]!, view), segments, 'outputs', 'unknown-output', wrong)
      const advice = 'Outputs of steps before are `steps.<id>.outputs`.'
      return wrong('no-outputs', start, '`outputs` is there only in `until`', advice)
    }
    default:
      return wrong('unknown-name', start, `Unknown name \`${root}\``, suggest(root, ['parameters', 'steps', 'each', 'outputs'], 'names'))
  }
}

type Wrong = (code: string, offset: number, message: string, advice?: string) => Schema

function stepSchema({ segments, start }: Reference, view: View, wrong: Wrong): Schema {
  const [step, ...rest] = segments
  if (step === undefined || step.name === null)
    return wrong('unknown-step', start, 'The step must be named: `steps.<id>` or `steps["<id>"]`')
  const { steps } = view.runbook
  const id = String(step.name)
  const found = view.ids.get(id)
  if (found === undefined) {
    const before = steps.slice(0, view.index).map((each) => each.id)
    return wrong('unknown-step', step.offset, `Unknown step \`${id}\``, suggest(id, before, 'steps before'))
  }
  if (found === view.index) {
    const advice = view.outputs ? 'In `until` its outputs are `outputs`.' : undefined
    return wrong('use-before', step.offset, `The step \`${id}\` uses its own outputs, which do not exist yet`, advice)
  }
  if (found > view.index) {
    const { line } = steps[found]!.position
    return wrong('use-before', step.offset, `The step \`${id}\` comes later (line ${line}): it has no outputs yet`)
  }
  const target = steps[found]!
  const path = dotted(id)
  if (target.forEach === undefined) return behindOutputs(rest, target, path, view, wrong)
  const [key, ...further] = rest
  if (key === undefined) return { type: 'object', additionalProperties: {} }
  if (key.name === 'outputs') {
    const advice = `Say which instance: \`${path}["key"].outputs\` or \`${path}[each.key].outputs\`.`
    return wrong('not-indexed', key.offset, `The step \`${id}\` has \`for-each\`, so it has outputs for each instance`, advice)
  }
  return behindOutputs(further, target, `${path}[…]`, view, wrong)
}

function behindOutputs(segments: readonly Segment[], target: Step, path: string, view: View, wrong: Wrong): Schema {
  const [outputs, ...rest] = segments
  if (outputs === undefined) return { type: 'object' }
  if (outputs.name === 'outputs') return follow(outputsOf(target, view), rest, `${path}.outputs`, 'unknown-output', wrong)
  if (segments[1]?.name === 'outputs') {
    return wrong(
      'indexed',
      outputs.offset,
      `The step \`${target.id}\` has no \`for-each\`, so there are no instances`,
      `Write \`${path}.outputs\`.`,
    )
  }
  return wrong('unknown-name', outputs.offset, `A step has nothing but \`outputs\``, `Write \`${path}.outputs\`.`)
}

function follow(schema: Schema, segments: readonly Segment[], path: string, code: string, wrong: Wrong): Schema {
  let current = schema
  let where = path
  for (const { name, offset } of segments) {
    const inside = member(current, name)
    if ('schema' in inside) {
      current = inside.schema
      where += name === null ? '[…]' : typeof name === 'number' ? `[${name}]` : dotted(name, '')
    } else if (inside.wrong === 'no-such-name') {
      const message = `\`${where}\` has no \`${name}\``
      return wrong(code, offset, message, suggest(String(name), inside.names, 'names'))
    } else {
      return wrong(code, offset, `\`${where}\` is of type ${inside.kind}, so there is no \`${name}\` in it`)
    }
  }
  return current
}

function dotted(name: string, root = 'steps'): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? `${root}.${name}` : `${root}["${name}"]`
}

function parametersSchema(runbook: Runbook): Schema {
  return { type: 'object', properties: runbook.parameters, additionalProperties: false }
}

/** `each` of the step at hand; its value is known where for-each goes over something known. */
function eachSchema(view: View): Schema {
  const over = view.runbook.steps[view.index]?.forEach
  let value = ANYTHING
  if (over !== undefined) {
    try {
      const [only, ...more] = referencesOf(over.source)
      const whole = only !== undefined && more.length === 0 && only.start === 0 && only.end === over.source.length
      if (whole) value = itemOf(schemaOf(only, { ...view, each: false, outputs: false }, []))
    } catch {
      // What is wrong with for-each itself is reported where it stands.
    }
  }
  return { type: 'object', properties: { key: { type: 'string' }, value }, additionalProperties: false }
}

/** The schema of what a step leaves behind. */
function outputsOf(step: Step, view: View): Schema {
  const { does } = step
  if (does.kind === 'plugin') return view.plugins.get(does.plugin)?.actions[does.action]?.output ?? ANYTHING
  if (does.kind !== 'instruct' || does.record === undefined) return { type: 'object', properties: {}, additionalProperties: false }
  const properties = Object.entries(does.record.properties as Record<string, Schema>).map(([name, schema]) => {
    const { 'for-each': over, ...each } = schema
    return [name, over === undefined ? schema : { type: 'object', additionalProperties: each }]
  })
  return { type: 'object', properties: Object.fromEntries(properties), additionalProperties: false }
}
