import { type Alias, isAlias, isMap, isPair, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml'

/** Names and indexes that lead from the root to a value. */
export type Trail = readonly (string | number)[]

/** What is wrong with a tree, by offset. */
export interface TreeProblem {
  readonly code: string
  readonly offset: number
  readonly message: string
  readonly advice?: string
}

const MAX_FROM_ALIASES = 20_000
const targets = new WeakMap<Alias, Node>()

/**
 * Turns a YAML tree into plain JSON data under I-JSON's rules (RFC 7493): text keys that stand once, finite numbers, whole
 * characters. Aliases are followed, not in a circle, and not to more than 20,000 further values.
 * @returns the data, with what was wrong left out
 */
export function toData(root: Node | null): { data: unknown; problems: TreeProblem[] } {
  const problems: TreeProblem[] = []
  const anchors = new Map<string, Node>()
  const open = new Set<Node>()
  let aliasDepth = 0
  let fromAliases = 0

  function convert(node: unknown): unknown {
    if (isAlias(node)) return follow(node)
    if (!isMap(node) && !isSeq(node) && !isScalar(node)) return null
    if (aliasDepth > 0) fromAliases++
    else if (node.anchor) anchors.set(node.anchor, node)
    if (isScalar(node)) return scalar(node)
    open.add(node)
    const result = isMap(node) ? mapping(node) : node.items.map(convert)
    open.delete(node)
    return result
  }

  function follow(alias: Alias): unknown {
    const target = targets.get(alias) ?? anchors.get(alias.source)
    const at = alias.range?.[0] ?? 0
    const refuse = (code: string, message: string, advice?: string) => {
      problems.push({ code, offset: at, message, ...(advice === undefined ? {} : { advice }) })
      return null
    }
    if (target === undefined) return refuse('runbook/alias-unknown', `No anchor \`&${alias.source}\` stands before this alias`)
    if (open.has(target)) return refuse('runbook/alias-cycle', `The alias \`*${alias.source}\` stands inside what it stands for`)
    if (fromAliases > MAX_FROM_ALIASES) {
      if (fromAliases !== Number.POSITIVE_INFINITY) {
        const what = `The aliases up to \`*${alias.source}\` stand for more than ${MAX_FROM_ALIASES} values`
        refuse('runbook/alias-bomb', what, 'Write out less through aliases.')
      }
      fromAliases = Number.POSITIVE_INFINITY
      return null
    }
    targets.set(alias, target)
    aliasDepth++
    const result = convert(target)
    aliasDepth--
    return result
  }

  function mapping(map: YAMLMap): Record<string, unknown> {
    const result: Record<string, unknown> = {}
    const seen = new Set<string>()
    for (const pair of map.items) {
      const key = keyText(pair)
      const offset = (pair.key as Node | null)?.range?.[0] ?? map.range?.[0] ?? 0
      const value = convert(pair.value)
      if (key === null) problems.push({ code: 'runbook/key', offset, message: 'A key must be text', advice: 'Put it into quotes.' })
      else if (key === '__proto__') problems.push({ code: 'runbook/key', offset, message: 'The key `__proto__` is not allowed' })
      else if (seen.has(key)) problems.push({ code: 'runbook/duplicate-key', offset, message: `The key \`${key}\` stands here twice` })
      else result[key] = value
      if (key !== null) seen.add(key)
    }
    return result
  }

  function scalar(node: { value: unknown; range?: [number, number, number] | null }): unknown {
    const { value } = node
    const offset = node.range?.[0] ?? 0
    const bad = (message: string) => {
      problems.push({ code: 'runbook/value', offset, message })
      return null
    }
    if (typeof value === 'number') {
      if (!Number.isFinite(value)) return bad(`${value} is no JSON number`)
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) return bad('This whole number is too large to be exact')
      return Object.is(value, -0) ? 0 : value
    }
    if (typeof value === 'string') return value.isWellFormed() ? value : bad('This text holds half of a character')
    return typeof value === 'boolean' || value === null ? value : bad('Only text, numbers, true, false and null can stand here')
  }

  return { data: convert(root), problems }
}

/** The text of a pair's key; null if it is not text. */
function keyText(pair: Pair): string | null {
  return isScalar(pair.key) && typeof pair.key.value === 'string' ? pair.key.value : null
}

/** Follows a path as far as it leads. `key` is the last step's key node, if the whole path exists and it has one. */
export function walk(root: Node | null, path: Trail): { key?: Node; value: Node | null } {
  let value = root
  let key: Node | undefined
  for (const name of path) {
    const inside = isAlias(value) ? targets.get(value) : value
    const item = isMap(inside)
      ? inside.items.find((pair) => keyText(pair) === name)
      : isSeq(inside)
        ? inside.items[Number(name)]
        : undefined
    if (item === undefined) return { value }
    key = isPair(item) ? (item.key as Node) : undefined
    value = ((isPair(item) ? item.value : item) as Node | null) ?? key ?? value
  }
  return key === undefined ? { value } : { key, value }
}
