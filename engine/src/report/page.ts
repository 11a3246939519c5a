/** One HTML file that loads nothing: a policy that allows only the script and the style whose digests it names. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** An element that holds data, not code. */
interface DataBlock {
  readonly attributes: Readonly<Record<string, string>>
  readonly text: string
}

/**
 * @param page.body HTML, already escaped
 * @param page.script code that runs when the page is read; left out where a page needs none
 * @param page.data what the script reads; its text must hold no `<`
 */
export function pageOf(page: { title: string; style: string; body: string; script?: string; data?: readonly DataBlock[] }): string {
  const { title, style, body, script, data = [] } = page
  const policy = [
    "default-src 'none'",
    `style-src '${digestOf(style)}'`,
    ...(script === undefined ? [] : [`script-src '${digestOf(script)}'`]),
    "base-uri 'none'",
    "form-action 'none'",
    // Even the page's own script may make no HTML out of text.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy.join('; ')}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
${body}
${data.map(dataElement).join('\n')}
${script === undefined ? '' : `<script>${script}</script>\n`}</body>
</html>
`
}

function dataElement({ attributes, text }: DataBlock): string {
  if (text.includes('<')) throw new Error('data in the page must not look like markup')
  const written = Object.entries(attributes).map(([name, value]) => ` ${name}="${escaped(value)}"`)
  return `<script type="application/octet-stream"${written.join('')}>${text}</script>`
}

/** @returns the rules of these files of `style/`, in this order */
export function styleOf(...names: readonly string[]): string {
  return names.map((name) => readFileSync(new URL(`style/${name}.css`, import.meta.url), 'utf8')).join('\n')
}

/** @returns the text as it may stand in HTML, in an element or in a quoted attribute */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

function digestOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
