import { compile, fromCel, problem, toCel } from './cel.ts'
import type { Expression, Position, Scope, Template } from './model.ts'
import { splitTemplate, UnclosedTemplate } from './template.ts'

/** An expression that could not be read or evaluated. Its message starts with line and column in the runbook. */
export class ExpressionError extends Error {
  /** `expression/syntax`, `expression/failed`, `expression/result`, `expression/not-boolean`, `expression/too-long`, … */
  readonly code: string
  readonly position: Position
  /** What is wrong, without the place. */
  readonly reason: string
  readonly source: string

  constructor(code: string, reason: string, expression: Expression, offset: number) {
    const { line, column } = expression.position
    const exact = expression.source.includes('\n') ? expression.position : { line, column: column + offset }
    super(`${exact.line}:${exact.column}: ${reason} in \`${expression.source}\``)
    this.name = 'ExpressionError'
    this.code = code
    this.position = exact
    this.reason = reason
    this.source = expression.source
  }
}

/**
 * Evaluates a CEL expression over a scope.
 * @returns plain JSON data; whole numbers of the scope are CEL ints, and CEL ints come back as numbers
 * @throws ExpressionError
 */
export function evaluate(expression: Expression, scope: Scope): unknown {
  try {
    const program = compile(expression.source)
    const variables = new Map<string, unknown>([
      ['parameters', toCel(scope.parameters)],
      ['steps', toCel(scope.steps)],
    ])
    if (scope.each !== undefined) variables.set('each', toCel(scope.each))
    if (scope.outputs !== undefined) variables.set('outputs', toCel(scope.outputs))
    return fromCel(program(variables))
  } catch (error) {
    const found = problem(error, 'expression/failed')
    throw new ExpressionError(found.code, found.message, expression, found.offset)
  }
}

/**
 * Whether a condition holds.
 * @throws ExpressionError also if the result is anything but true or false
 */
export function holds(expression: Expression, scope: Scope): boolean {
  const result = evaluate(expression, scope)
  if (typeof result !== 'boolean') {
    throw new ExpressionError('expression/not-boolean', `The result is ${JSON.stringify(result)}, not true or false,`, expression, 0)
  }
  return result
}

/**
 * Fills in every `${{ }}` of a template. A string that is one expression keeps the expression's type; in others the
 * results are written into the text.
 * @throws ExpressionError
 */
export function resolve(template: Template, scope: Scope): unknown {
  const { value, position } = template
  if (typeof value === 'string') return resolveString(value, position, scope)
  if (Array.isArray(value)) return value.map((item) => resolve({ value: item, position }, scope))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve({ value: item, position }, scope)]))
}

function resolveString(text: string, position: Position, scope: Scope): unknown {
  const parts = partsOf(text, position)
  const [first] = parts
  if (parts.length === 1 && first !== undefined && 'expression' in first) {
    return evaluate({ source: first.expression, position }, scope)
  }
  return parts
    .map((part) => {
      if ('text' in part) return part.text
      const expression = { source: part.expression, position }
      const result = evaluate(expression, scope)
      if (typeof result === 'string' || typeof result === 'number' || typeof result === 'boolean') return String(result)
      const kind = result === null ? 'null' : Array.isArray(result) ? 'a list' : 'a map'
      throw new ExpressionError('expression/result', `The result is ${kind}, which cannot stand inside text,`, expression, 0)
    })
    .join('')
}

function partsOf(text: string, position: Position) {
  try {
    return splitTemplate(text)
  } catch (error) {
    if (!(error instanceof UnclosedTemplate)) throw error
    throw new ExpressionError('expression/syntax', error.message, { source: text, position }, error.offset)
  }
}
