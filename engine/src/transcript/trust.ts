/** Trust from outside: the keys that an auditor believes in, from a file that did not come with the transcript. */
import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { keyidOf } from './dsse.ts'
import type { Opened } from './entry.ts'
import type { Checked } from './verify.ts'

/**
 * Reads a YAML file `officers: [...]`, `stations: [...]`, each item a fingerprint (hex, blanks and colons allowed) or a
 * public key in PEM.
 * @returns the trusted fingerprints
 * @throws Error if the file is not of that form
 */
export function readTrust(file: string): ReadonlySet<string> {
  const data = parse(readFileSync(file, 'utf8'), { maxAliasCount: 0 }) as { officers?: unknown; stations?: unknown } | null
  const items = [data?.officers ?? [], data?.stations ?? []].flat()
  if (items.length === 0) throw new Error(`${file} names no key under \`officers:\` or \`stations:\``)
  return new Set(items.map((item) => fingerprintOf(String(item), file)))
}

function fingerprintOf(text: string, file: string): string {
  if (text.includes('BEGIN PUBLIC KEY')) return keyidOf(createPublicKey(text))
  const hex = text.replace(/[\s:]/g, '').toLowerCase()
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new Error(`${file}: ${text.slice(0, 80)} is neither a SHA-256 fingerprint nor a public key`)
  return hex
}

/** @returns whether every officer and station of the ceremony is trusted; reports those who are not */
export function trustRules(trusted: ReadonlySet<string>, opened: Opened | undefined, report: Checked['report']): boolean {
  if (!opened) return false
  const all = [...opened.officers, ...Object.entries(opened.stations).map(([name, { keyid }]) => ({ name, keyid }))]
  const strangers = all.filter(({ keyid }) => !trusted.has(keyid))
  for (const { name, keyid } of strangers) report('trust/unknown', `${name}, ${keyid}`, 'a key of the trust file')
  return strangers.length === 0
}
