/** CEL as runbooks use it: the environment, its limits, and the way between JSON data and CEL values. */
import { type ASTNode, Environment, type ParseResult } from '@marcbachmann/cel-js'
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator'

const MAX_LENGTH = 4096
const LIMITS = { maxAstNodes: 2000, maxDepth: 64, maxListElements: 500, maxMapEntries: 500, maxCallArguments: 16 }

/** Why an expression is wrong, and where inside it. */
export class CelProblem extends Error {
  readonly code: string
  readonly offset: number
  constructor(code: string, message: string, offset: number) {
    super(message)
    this.code = code
    this.offset = offset
  }
}

const base = new Environment({ homogeneousAggregateLiterals: false, limits: LIMITS })
// JSON knows one kind of number: a 3 and a 1.5 of the same parameter must work together.
for (const [left, right] of [
  ['int', 'double'],
  ['double', 'int'],
] as const) {
  base.registerOperator(`${left} + ${right}: double`, (a, b) => Number(a) + Number(b))
  base.registerOperator(`${left} - ${right}: double`, (a, b) => Number(a) - Number(b))
  base.registerOperator(`${left} * ${right}: double`, (a, b) => Number(a) * Number(b))
  base.registerOperator(`${left} / ${right}: double`, (a, b) => Number(a) / Number(b))
}
base.registerOperator('int == double: bool', (a, b) => Number(a) === Number(b))

/** An environment that knows these variables, by name and CEL type, and nothing else of the world. */
export function environment(variables: Readonly<Record<string, string>>): Environment {
  const made = base.clone()
  for (const [name, type] of Object.entries(variables)) made.registerVariable(name, type)
  return made
}

const running = environment({ parameters: 'dyn', steps: 'dyn', each: 'dyn', outputs: 'dyn' })
const compiled = new Map<string, ParseResult>()

/**
 * Reads an expression; the same text is read only once.
 * @throws CelProblem
 */
export function compile(source: string): ParseResult {
  const known = compiled.get(source)
  if (known !== undefined) return known
  if (source.trim() === '') throw new CelProblem('expression/syntax', 'The expression is empty', 0)
  if (source.length > MAX_LENGTH) {
    throw new CelProblem('expression/too-long', `The expression has ${source.length} characters; ${MAX_LENGTH} are allowed`, 0)
  }
  try {
    const program = running.parse(source)
    refuseDroppedKeys(program.ast)
    if (compiled.size >= 20_000) compiled.clear()
    compiled.set(source, program)
    return program
  } catch (error) {
    throw problem(error, 'expression/syntax')
  }
}

/** Runs `action` and turns whatever CEL throws into a CelProblem. */
export function problem(error: unknown, code: string): CelProblem {
  if (error instanceof CelProblem) return error
  if (error instanceof RangeError && error.message.includes('call stack')) {
    return new CelProblem('expression/too-deep', 'The expression is nested too deeply', 0)
  }
  const { summary, range, message } = error as { summary?: string; range?: { start: number }; message?: string }
  return new CelProblem(code, summary ?? message ?? String(error), range?.start ?? 0)
}

/** The children of a node of CEL's syntax tree. */
export function children(node: ASTNode): ASTNode[] {
  return [node.args].flat(3).filter((each): each is ASTNode => typeof each === 'object' && each !== null && 'op' in each)
}

/** CEL's map literals leave these keys out without a word, and a runbook must mean what it says. */
function refuseDroppedKeys(node: ASTNode): void {
  if (node.op === 'map') {
    for (const [key] of node.args) {
      if (key.op === 'value' && ['__proto__', 'constructor', 'prototype'].includes(String(key.args))) {
        throw new CelProblem('expression/syntax', `A map cannot have the key \`${key.args}\``, key.range.start)
      }
    }
  }
  for (const child of children(node)) refuseDroppedKeys(child)
}

/**
 * A JSON object as a CEL map that converts what is looked at and no more: an expression of one instance among
 * thousands must not cost thousands.
 */
class DataMap extends Map<string, unknown> {
  // CEL looks at the constructor to tell maps from messages.
  static {
    Object.defineProperty(DataMap.prototype, 'constructor', { value: Map })
  }
  readonly data: Readonly<Record<string, unknown>>
  constructor(data: Readonly<Record<string, unknown>>) {
    super()
    this.data = data
  }
  override get size(): number {
    return Object.keys(this.data).length
  }
  override has(key: string): boolean {
    return Object.hasOwn(this.data, key)
  }
  override get(key: string): unknown {
    return typeof key === 'string' && Object.hasOwn(this.data, key) ? toCel(this.data[key]) : undefined
  }
  override keys(): MapIterator<string> {
    return Object.keys(this.data).values()
  }
  override values(): MapIterator<unknown> {
    return Object.values(this.data).map(toCel).values()
  }
  override entries(): MapIterator<[string, unknown]> {
    return Object.entries(this.data)
      .map(([key, value]): [string, unknown] => [key, toCel(value)])
      .values()
  }
  override [Symbol.iterator](): MapIterator<[string, unknown]> {
    return this.entries()
  }
}

/** JSON data as CEL sees it: whole numbers are ints. */
export function toCel(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map(toCel)
  if (typeof value === 'object' && value !== null) return new DataMap(value as Record<string, unknown>)
  return value
}

/**
 * A CEL value as JSON data: timestamps and durations become strings as in protobuf's JSON mapping.
 * @throws CelProblem for what I-JSON (RFC 7493) has no place for
 */
export function fromCel(value: unknown): unknown {
  if (value instanceof DataMap) return value.data
  if (typeof value === 'bigint' || value instanceof UnsignedInt) {
    const number = Number(value.valueOf())
    if (!Number.isSafeInteger(number)) throw new CelProblem('expression/result', `The whole number ${value} is too large for JSON`, 0)
    return number
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new CelProblem('expression/result', `The result ${value} is no JSON number`, 0)
    return value
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new CelProblem('expression/result', 'The result is half of a character', 0)
    return value
  }
  if (typeof value === 'boolean' || value === null) return value
  if (Array.isArray(value)) return value.map(fromCel)
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Duration) return value.toString()
  if (value instanceof Map || Object.getPrototypeOf(value) === Object.prototype) {
    const entries = value instanceof Map ? value.entries() : Object.entries(value as object)
    return Object.fromEntries([...entries].map(([key, item]) => [String(key), fromCel(item)]))
  }
  throw new CelProblem('expression/result', 'The result is neither text, number, boolean, list nor map', 0)
}
