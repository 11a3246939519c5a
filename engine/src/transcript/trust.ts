/** Trust from outside: the keys that an auditor believes in, from a file that did not come with the transcript. */
import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { keyidOf } from './dsse.ts'
import type { Opened } from './entry.ts'
import type { Report } from './verify.ts'

/** A trust file that is none. */
export class TrustError extends Error {
  override readonly name = 'TrustError'
}

const FORM = 'a YAML list of fingerprints (SHA-256, hex) and public keys (PEM)'

/**
 * Reads a YAML list; each item is a fingerprint (SHA-256 of the key's SubjectPublicKeyInfo in hex; blanks and colons do
 * not matter) or a public key in PEM.
 * @returns the trusted fingerprints
 * @throws TrustError if the file is not of that form
 */
export function readTrust(file: string): ReadonlySet<string> {
  const items = readList(file)
  if (!Array.isArray(items) || items.length === 0) throw new TrustError(`${file} is not ${FORM}`)
  return new Set(items.map((item, index) => fingerprintOf(item, `${file}, item ${index + 1}`)))
}

function readList(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'), { maxAliasCount: 0 })
  } catch (error) {
    throw new TrustError(`${file} cannot be read: ${(error as Error).message}`)
  }
}

function fingerprintOf(item: unknown, where: string): string {
  const text = String(item)
  if (text.includes('BEGIN PUBLIC KEY')) {
    try {
      return keyidOf(createPublicKey(text))
    } catch {
      throw new TrustError(`${where}: a public key that cannot be read`)
    }
  }
  const hex = text.replace(/[\s:]/g, '').toLowerCase()
  if (typeof item !== 'string' || !/^[0-9a-f]{64}$/.test(hex))
    throw new TrustError(`${where}: ${text.slice(0, 80)} is neither a SHA-256 fingerprint nor a public key`)
  return hex
}

/** @returns whether every officer and station of the ceremony is trusted; reports those who are not */
export function trustRules(trusted: ReadonlySet<string>, opened: Opened | undefined, report: Report): boolean {
  if (!opened) return false
  const all = [...opened.officers, ...Object.entries(opened.stations).map(([name, { keyid }]) => ({ name, keyid }))]
  const strangers = all.filter(({ keyid }) => !trusted.has(keyid))
  for (const { name, keyid } of strangers) report('trust/unknown', `${name}, ${keyid}`, 'a key of the trust file')
  return strangers.length === 0
}
