import type { ASTNode } from '@marcbachmann/cel-js'
import { children, compile } from './cel.ts'

/** One step of a path into data: a name or index that stands there, or null where it is computed. */
export interface Segment {
  readonly name: string | number | null
  /** Offset in the expression at which the name stands. */
  readonly offset: number
}

/** A use of a variable with the path that follows: `steps["kek"].outputs.n`. */
export interface Reference {
  readonly root: string
  readonly segments: readonly Segment[]
  /** The range of the whole, in the expression. For the argument of `has` that of the call. */
  readonly start: number
  readonly end: number
}

/** Macros whose first argument names a variable for the others. */
const BINDING = ['all', 'exists', 'exists_one', 'map', 'filter']

/**
 * Every use of a variable from outside in an expression, outer before inner.
 * @throws CelProblem if the expression cannot be read
 */
export function referencesOf(expression: string): Reference[] {
  const found: Reference[] = []
  visit(compile(expression).ast, new Set(), found)
  return found
}

function visit(node: ASTNode, bound: ReadonlySet<string>, found: Reference[], range = node.range): void {
  if (node.op === 'call' && node.args[0] === 'has' && node.args[1].length === 1) {
    visit(node.args[1][0]!, bound, found, node.range)
    return
  }
  if (node.op === 'rcall') {
    const [method, receiver, args] = node.args
    const isBind = method === 'bind' && receiver.op === 'id' && receiver.args === 'cel'
    if (!isBind) visit(receiver, bound, found)
    const [variable, ...others] = args
    if ((isBind || BINDING.includes(method)) && variable?.op === 'id' && others.length > 0) {
      const inner = new Set(bound).add(variable.args)
      for (const [index, other] of others.entries()) visit(other, isBind && index === 0 ? bound : inner, found)
    } else {
      for (const arg of args) visit(arg, bound, found)
    }
    return
  }
  if (node.op === 'id' || node.op === '.' || node.op === '[]') {
    const { base, segments, indexes } = chain(node)
    if (base.op !== 'id') visit(base, bound, found)
    else if (!bound.has(base.args)) found.push({ root: base.args, segments, start: range.start, end: range.end })
    for (const index of indexes) visit(index, bound, found)
    return
  }
  for (const child of children(node)) visit(child, bound, found)
}

/** Takes `a.b["c"][d]` apart. */
function chain(node: ASTNode): { base: ASTNode; segments: Segment[]; indexes: ASTNode[] } {
  const segments: Segment[] = []
  const indexes: ASTNode[] = []
  let base = node
  while (base.op === '.' || base.op === '[]') {
    if (base.op === '.') {
      segments.unshift({ name: base.args[1], offset: base.range.end - base.args[1].length })
    } else {
      const index = base.args[1]
      const value = index.op === 'value' ? index.args : null
      const name = typeof value === 'string' ? value : typeof value === 'bigint' ? Number(value) : null
      segments.unshift({ name, offset: index.range.start })
      if (name === null) indexes.push(index)
    }
    base = base.args[0]
  }
  return { base, segments, indexes }
}
