/** Writes the XML that the blob service answers with. */

/** An element: name, then text or elements. */
export type Xml = readonly [name: string, content: string | readonly Xml[], attributes?: Readonly<Record<string, string>>]

/** @returns the document in UTF-8, with the byte order mark that the service writes */
export function xmlDocument(root: Xml): string {
  return `\uFEFF<?xml version="1.0" encoding="utf-8"?>${element(root)}`
}

function element([name, content, attributes = {}]: Xml): string {
  const start = [name, ...Object.entries(attributes).map(([key, value]) => `${key}="${escaped(value)}"`)].join(' ')
  const inner = typeof content === 'string' ? escaped(content) : content.map(element).join('')
  return inner === '' ? `<${start} />` : `<${start}>${inner}</${name}>`
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => ENTITIES[character]!)
