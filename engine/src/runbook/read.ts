import { Composer, type CST, type Document, Parser } from 'yaml'
import type { Finding } from './model.ts'
import { Source } from './source.ts'
import { toData } from './yaml-data.ts'

const MAX_BYTES = 1024 * 1024
const MAX_DEPTH = 48
/** Invisible to people who review a runbook: controls, and characters that turn the direction of writing around. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]|\r(?!\n)/g

export interface ReadResult {
  readonly source: Source
  /** Undefined when the file cannot be read at all. */
  readonly data: unknown
  readonly findings: Finding[]
}

/**
 * Reads a YAML 1.2 file as data: UTF-8 (with or without a byte order mark, lines ended by LF or CRLF), at most 1 MiB and 48
 * levels deep, one document.
 */
export function readYaml(bytes: Uint8Array, file: string): ReadResult {
  if (bytes.length > MAX_BYTES) {
    const source = new Source(file, '', null)
    const message = `The file has ${bytes.length} bytes; ${MAX_BYTES} are allowed`
    return { source, data: undefined, findings: [source.finding('error', 'runbook/too-large', 0, message)] }
  }
  const { text, broken } = decode(bytes)
  const plain = new Source(file, text, null)
  if (broken !== null) {
    const finding = plain.finding('error', 'runbook/utf-8', broken, 'These bytes are not UTF-8', 'Save the file as UTF-8.')
    return { source: plain, data: undefined, findings: [finding] }
  }
  const hidden = hiddenCharacters(plain)
  if (hidden.length > 0) return { source: plain, data: undefined, findings: hidden }

  const tokens = [...new Parser().parse(text)]
  const shape = shapeFindings(tokens, plain)
  if (shape.some(({ code }) => code === 'runbook/too-deep')) return { source: plain, data: undefined, findings: shape }

  const [document, ...more] = compose(tokens, text.length)
  const source = new Source(file, text, document?.contents ?? null)
  const findings = [...shape, ...documentFindings(document, source)]
  if (document?.contents == null) {
    findings.push(source.finding('error', 'runbook/empty', 0, 'The file holds no runbook'))
    return { source, data: undefined, findings }
  }
  if (more.length > 0) {
    const at = more[0]!.range?.[0] ?? 0
    findings.push(source.finding('error', 'runbook/documents', at, 'A runbook is one YAML document', 'Take out the `---`.'))
  }
  const { data, problems } = toData(document.contents)
  for (const { code, offset, message, advice } of problems) findings.push(source.finding('error', code, offset, message, advice))
  // Behind a mistake in the YAML itself the rest only looks wrong: complaints about it would mislead.
  const readable = document.errors.length === 0 && more.length === 0
  return { source, data: readable ? data : undefined, findings }
}

/** Without the byte order mark. For bytes that are no UTF-8: the text before them and its length. */
function decode(bytes: Uint8Array): { text: string; broken: number | null } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), broken: null }
  } catch {
    const lenient = new TextDecoder('utf-8').decode(bytes)
    // A real U+FFFD before the broken bytes encodes to itself; the broken ones do not.
    let at = lenient.indexOf('\ufffd')
    while (at >= 0 && isReplacement(bytes, lenient, at)) at = lenient.indexOf('\ufffd', at + 1)
    const broken = Math.max(at, 0)
    return { text: lenient, broken }
  }
}

function isReplacement(bytes: Uint8Array, text: string, at: number): boolean {
  const mark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  const before = Buffer.byteLength(text.slice(0, at), 'utf8') + mark
  return bytes[before] === 0xef && bytes[before + 1] === 0xbf && bytes[before + 2] === 0xbd
}

function hiddenCharacters(source: Source): Finding[] {
  const found: Finding[] = []
  for (const match of source.text.matchAll(HIDDEN)) {
    const name = `U+${match[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
    const advice = 'Write it as an escape in double quotes if it is meant.'
    found.push(source.finding('error', 'runbook/hidden-character', match.index, `The invisible character ${name} is not allowed`, advice))
    if (found.length === 20) break
  }
  return found
}

/** Looks at the tokens before anything recursive does: depth, and tabs between words. */
function shapeFindings(tokens: readonly CST.Token[], source: Source): Finding[] {
  const found: Finding[] = []
  const todo: { token: CST.Token; depth: number }[] = tokens.map((token) => ({ token, depth: 0 }))
  let deep = false
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const { token, depth } = next
    if (depth > MAX_DEPTH && !deep) {
      deep = true
      found.push(source.finding('error', 'runbook/too-deep', token.offset, `This is nested more than ${MAX_DEPTH} levels deep`))
    }
    for (const part of sourceTokens(token)) {
      if (part.type === 'space' && part.source.includes('\t')) {
        const at = part.offset + part.source.indexOf('\t')
        found.push(source.finding('error', 'runbook/tab', at, 'A tab stands between the words', 'Use spaces.'))
      }
    }
    for (const inner of innerTokens(token)) todo.push({ token: inner, depth: depth + 1 })
  }
  return found
}

function sourceTokens(token: CST.Token): CST.SourceToken[] {
  if ('items' in token) return token.items.flatMap((item) => [...item.start, ...(item.sep ?? [])])
  if ('props' in token) return token.props.filter((each): each is CST.SourceToken => each.type === 'space')
  return 'end' in token && token.end !== undefined
    ? token.end
    : 'source' in token && token.type === 'space'
      ? [token as CST.SourceToken]
      : []
}

function innerTokens(token: CST.Token): CST.Token[] {
  if ('items' in token) return token.items.flatMap((item) => [item.key, item.value].filter((each) => each != null))
  return token.type === 'document' && token.value !== undefined ? [token.value] : []
}

function compose(tokens: readonly CST.Token[], end: number): Document.Parsed[] {
  // Duplicate keys are looked for by toData, in linear time.
  const composer = new Composer({ version: '1.2', schema: 'core', uniqueKeys: false, stringKeys: false, prettyErrors: false })
  return [...composer.compose(tokens, true, end)]
}

function documentFindings(document: Document | undefined, source: Source): Finding[] {
  const told = [...(document?.errors ?? []), ...(document?.warnings ?? [])]
  return told.slice(0, 50).map(({ code, pos, message }) => {
    const name = `yaml/${code.toLowerCase().replaceAll('_', '-')}`
    return source.finding('error', name, Math.min(pos[0], source.text.length), message)
  })
}
