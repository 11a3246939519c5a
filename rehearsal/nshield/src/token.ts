/** The SoftHSM2 token behind a card set: its keys are encrypted under a PIN that only the cards' secret gives. */
import { spawn } from 'node:child_process'
import { hkdfSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readCardSets } from './cardset.ts'
import { ToolError } from './tool-error.ts'
import type { Twin } from './twin.ts'

/** @returns the token's PIN: from the cards' secret and the module's key, so that neither is enough alone */
export function tokenPin(secret: Uint8Array, moduleKey: Uint8Array): string {
  return Buffer.from(hkdfSync('sha256', secret, moduleKey, 'nshield twin token', 32)).toString('base64url')
}

/** @returns the new token's folder below the twin's tokens */
export async function createToken(twin: Twin, label: string, pin: string): Promise<string> {
  const before = new Set(readdirSync(twin.tokens))
  const child = spawn(twin.initToken, [], { stdio: ['pipe', 'ignore', 'pipe'], env: { ...process.env, NSHIELD_TWIN: twin.folder } })
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString('utf8')
  })
  child.stdin.end(`${label}\n${randomBytes(24).toString('base64url')}\n${pin}\n`)
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new ToolError(`the token of the card set could not be made: ${complaint.trim()}`)
  const made = readdirSync(twin.tokens).filter((name) => !before.has(name))
  if (made.length !== 1) throw new ToolError(`one new token was expected in ${twin.tokens}; there are ${made.length}`)
  return made[0]!
}

/** Removes tokens of card sets that never came to be, because createocs was killed. */
export function removeStrayTokens(twin: Twin): void {
  const known = new Set(readCardSets(twin).map((set) => set.token))
  for (const name of readdirSync(twin.tokens)) if (!known.has(name)) rmSync(join(twin.tokens, name), { recursive: true })
}
