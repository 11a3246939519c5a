/**
 * Puts the modules of the report's browser code into one script. Each file becomes a function that returns what it exports,
 * so names never meet; comments stay, for people who read the page's source. Small enough to be trusted at a glance, which
 * a bundler is not.
 */
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, relative, resolve } from 'node:path'

const IMPORT = /^import\s*\{([^}]*)\}\s*from\s*'([^']+)'/gm
const EXPORT = /^export (?=(?:const|let|function\*?|async function|class) +([A-Za-z0-9_$]+))/gm

/**
 * @param entry path of the TypeScript file that is run; its imports are followed
 * @returns a script for browsers, without types and without imports
 * @throws Error for an import of a package or of Node, and for other forms of import and export than named ones
 */
export function inlineModules(entry: string): string {
  const names = new Map<string, string>()
  const modules: string[] = []
  const visit = (file: string): string => {
    const known = names.get(file)
    if (known !== undefined) return known
    const imports: string[] = []
    const code = withoutTypes(readFileSync(file, 'utf8')).replace(IMPORT, (_, bindings: string, from: string) => {
      if (!from.startsWith('.')) throw new Error(`${file} imports ${from}, which no browser has`)
      const wanted = bindings.split(',').map((name) => name.trim().replace(/\s+as\s+/, ': '))
      const used = wanted.filter((name) => name !== '')
      if (used.length > 0) imports.push(`const { ${used.join(', ')} } = ${visit(resolve(dirname(file), from))}`)
      return ''
    })
    const exported: string[] = []
    const body = code.replace(EXPORT, (_, name: string) => {
      exported.push(name)
      return ''
    })
    const left = /^(?:import|export)\b.*/m.exec(body)
    if (left) throw new Error(`${file} has a form of import or export that is not followed here: ${left[0]}`)
    const name = `module${names.size}`
    names.set(file, name)
    const lines = [...imports, body.trim(), `return { ${exported.join(', ')} }`]
    modules.push(`// ${relative(dirname(entry), file)}\nconst ${name} = (() => {\n${lines.join('\n')}\n})()\n`)
    return name
  }
  visit(entry)
  const script = `'use strict';\n(() => {\n${modules.join('\n')}})()\n`
  if (/<\/script|<!--/i.test(script)) throw new Error('the browser code holds a text that would end its script element')
  return script
}

/** Node warns that stripping types is experimental; its version is pinned here, and whoever makes a report cannot act on it. */
function withoutTypes(source: string): string {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(source)
  } finally {
    process.emitWarning = emitWarning
  }
}
