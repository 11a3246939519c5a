/** A smartcard for tests: a SoftHSM2 token with one key, in a folder of its own. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const PIN = '271828'

/** @returns where the card is, for an officers' file */
export function makeCard(dir: string, token: string, kind: 'P-256' | 'P-384' | 'Ed25519', key = 'signing') {
  const tokens = join(dir, `card-${token}`)
  mkdirSync(tokens, { recursive: true })
  const configuration = join(dir, `card-${token}.conf`)
  writeFileSync(configuration, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`)
  const library = softhsm()
  const maker = fileURLToPath(new URL('./make-card.ts', import.meta.url))
  // A process of its own: the library reads its configuration once.
  execFileSync(process.execPath, [maker, library, token, PIN, kind, key], { env: { ...process.env, SOFTHSM2_CONF: configuration } })
  return { library, token, key, environment: { SOFTHSM2_CONF: configuration } }
}

function softhsm(): string {
  const library = process.env.CEREMONY_SOFTHSM
  if (library) return library
  throw new Error('CEREMONY_SOFTHSM names no library; run the tests by ./ceremony exec vitest')
}
