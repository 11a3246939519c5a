/** Reads a small YAML file of our own (setup, answers, parameters) strictly. */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { TSchema } from 'typebox'
import { isCollection, isPair, isScalar, LineCounter, parseDocument } from 'yaml'
import { CeremonyError } from './error.ts'

const MAX_BYTES = 1024 * 1024

/**
 * @param what the kind of file, for codes and messages
 * @returns the data, which fits the schema
 * @throws CeremonyError `<what>/missing` or `<what>/invalid` (exit 2), naming file, line and every fault
 */
export function readYaml(file: string, schema: TSchema | undefined, what: string): unknown {
  const fault = (code: string, found: string): CeremonyError =>
    new CeremonyError(`${what}/${code}`, `${file} cannot be used.`, {
      found,
      expected: `a ${what} file as the README describes it`,
      advice: 'Correct the file and start again; nothing was done.',
      exitCode: 2,
    })
  let text: string
  try {
    const bytes = readFileSync(file)
    if (bytes.length > MAX_BYTES) throw new Error(`larger than ${MAX_BYTES} bytes`)
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw fault('missing', (error as Error).message)
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true, merge: false })
  if (document.errors.length > 0) throw fault('invalid', document.errors.map((error) => error.message).join('\n'))
  const data: unknown = document.toJS({ maxAliasCount: 100 })
  if (!schema) return data
  const validate = new Ajv2020({ allErrors: true, strict: false }).compile(schema)
  if (!validate(data)) {
    const faults = (validate.errors ?? []).map((error) => {
      const path = error.instancePath.split('/').slice(1)
      const node = document.getIn(path, true) as { range?: [number] } | undefined
      const line = node?.range ? lines.linePos(node.range[0]).line : 1
      const extra = error.keyword === 'additionalProperties' ? ` (\`${error.params.additionalProperty}\`)` : ''
      return `${file}:${line}: ${error.instancePath || '/'} ${error.message}${extra}`
    })
    throw fault('invalid', faults.join('\n'))
  }
  return data
}

/**
 * Copies such a file into another folder. Relative paths in it, which are taken from the file's own folder, become absolute.
 * @param paths where paths stand in it: keys from the root, `*` for every one
 */
export function copyYaml(from: string, to: string, paths: readonly (readonly (string | number)[])[]): void {
  const document = parseDocument(readFileSync(from, 'utf8'))
  for (const path of paths) visit(document.contents, path, (text) => (isAbsolute(text) ? text : resolve(dirname(from), text)))
  writeFileSync(to, document.toString({ lineWidth: 0 }), { mode: 0o600 })
}

function visit(node: unknown, path: readonly (string | number)[], change: (text: string) => string): void {
  const [key, ...rest] = path
  if (isScalar(node) && key === undefined) {
    if (typeof node.value === 'string') node.value = change(node.value)
  } else if (isCollection(node) && key !== undefined) {
    const items = key === '*' ? node.items.map((item) => (isPair(item) ? item.value : item)) : [node.get(key, true)]
    for (const item of items) visit(item, rest, change)
  }
}
