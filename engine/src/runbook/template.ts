/** A piece of a string: plain text, or an expression with the offset in the string at which it starts. */
export type Part = { readonly text: string } | { readonly expression: string; readonly offset: number }

/** A `${{` without its `}}`. */
export class UnclosedTemplate extends Error {
  readonly offset: number
  constructor(offset: number) {
    super('`${{` without `}}`')
    this.offset = offset
  }
}

/**
 * Takes a string of a runbook apart at its `${{ … }}`. `$${{` stands for a literal `${{`.
 * @throws UnclosedTemplate
 */
export function splitTemplate(text: string): Part[] {
  const parts: Part[] = []
  let plain = ''
  let at = 0
  while (at < text.length) {
    const open = text.indexOf('${{', at)
    if (open < 0) break
    if (open > at && text[open - 1] === '$') {
      plain += `${text.slice(at, open - 1)}\${{`
      at = open + 3
      continue
    }
    plain += text.slice(at, open)
    if (plain !== '') parts.push({ text: plain })
    plain = ''
    const close = endOfExpression(text, open + 3)
    if (close < 0) throw new UnclosedTemplate(open)
    const raw = text.slice(open + 3, close)
    parts.push({ expression: raw.trim(), offset: open + 3 + (raw.length - raw.trimStart().length) })
    at = close + 2
  }
  plain += text.slice(at)
  if (plain !== '' || parts.length === 0) parts.push({ text: plain })
  return parts
}

/** Finds the `}}` that ends an expression: not one inside a CEL string, nor one that closes CEL's own braces. */
function endOfExpression(text: string, start: number): number {
  let depth = 0
  for (let i = start; i < text.length; i++) {
    const char = text[i]!
    if (char === '"' || char === "'") {
      const end = endOfString(text, i, char)
      if (end < 0) return -1
      i = end
    } else if (char === '{') depth++
    else if (char === '}' && depth > 0) depth--
    else if (char === '}' && text[i + 1] === '}') return i
  }
  return -1
}

function endOfString(text: string, start: number, quote: string): number {
  const triple = text.startsWith(quote.repeat(3), start)
  const close = triple ? quote.repeat(3) : quote
  const raw = /[rR]/.test(text[start - 1] ?? '') && !/[A-Za-z0-9_]/.test(text[start - 2] ?? '')
  for (let i = start + close.length; i < text.length; i++) {
    if (text[i] === '\\' && !raw) i++
    else if (text.startsWith(close, i)) return i + close.length - 1
  }
  return -1
}
