/** A ceremony that lives on chance, and its transcript written anew by people who hold all the keys. */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CeremonyError } from '../../engine/src/ceremony/error.ts'
import { openOfficerKey } from '../../engine/src/officer/key-file.ts'
import { openStationKey } from '../../engine/src/station/key.ts'
import { canonicalize } from '../../engine/src/transcript/canonical.ts'
import { type Envelope, lineOf, preAuthenticationEncoding, type Signer } from '../../engine/src/transcript/dsse.ts'
import type { Entry, Statement } from '../../engine/src/transcript/entry.ts'
import { carry, layOut, OFFICERS, runbookOf } from '../ceremony/small.ts'

const STEPS = `
  - id: draw
    title: Draw
    station: room
    uses: chancy/draw
    with: { what: lots }
    sign-off: { before: { crypto-officer: 2 } }
  - id: stumble
    title: Stumble
    for-each: \${{ ["a", "b", "c", "d", "e"] }}
    uses: chancy/stumble
    with: {}
  - id: over
    title: Go to the desk
    transfer: { to: desk }
  - id: watch
    title: Watch
    station: desk
    uses: chancy/watch
    with: {}
    until: { that: outputs.lucky, every: 10ms, within: 1h }
  - id: seen
    title: It was seen
    assert:
      - that: steps.watch.outputs.lucky
        message: Luck came
  - id: write-down
    title: Write something down
    instruct: Write down the colour
    record:
      colour: { type: string }
`

/** Runs the ceremony, as often as it takes. @returns its folder */
export async function runChancy(): Promise<string> {
  const dir = await layOut(runbookOf(STEPS).replace('nothing: ^1', 'chancy: ^1'))
  for (let tries = 0; tries < 100; tries++) {
    try {
      await carry(dir)
      return dir
    } catch (error) {
      if (!(error instanceof CeremonyError && error.code === 'step/failed')) throw error
    }
  }
  throw new Error('a hundred failures in a row')
}

const transcript = (dir: string): string => join(dir, 'transcript.intoto.jsonl')
const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

/**
 * Changes entries, and signs them and all behind them again with the real keys of all who had signed them.
 * @returns the line, counted from one, of the first entry that was changed
 */
export async function forge(dir: string, change: (entry: Entry, statement: Statement) => boolean): Promise<number> {
  const signers: Signer[] = await Promise.all([
    ...OFFICERS.map(({ name, passphrase }) => openOfficerKey(join(dir, `${name}.pem`), passphrase)),
    ...['room', 'desk'].map((station) => openStationKey(join(dir, `${station}.pem`))),
  ])
  let previous: string | null = null
  let first = 0
  const lines: string[] = []
  for (const line of readFileSync(transcript(dir), 'utf8').split('\n').slice(0, -1)) {
    const envelope = JSON.parse(line) as Envelope
    const statement = JSON.parse(Buffer.from(envelope.payload, 'base64').toString()) as Statement
    if (change(statement.predicate, statement)) first ||= lines.length + 1
    Object.assign(statement.predicate, { previous: previous === null ? null : { sha256: previous } })
    const payload = Buffer.from(canonicalize(statement))
    const message = preAuthenticationEncoding(envelope.payloadType, payload)
    const signatures = await Promise.all(
      envelope.signatures.map(async ({ keyid }) => {
        const signer = signers.find((candidate) => candidate.keyid === keyid)!
        return { keyid, sig: Buffer.from(await signer.sign(message)).toString('base64') }
      }),
    )
    const written = lineOf({ ...envelope, payload: payload.toString('base64'), signatures })
    lines.push(written)
    previous = sha256(written)
  }
  writeFileSync(transcript(dir), `${lines.join('\n')}\n`)
  return first
}

/** Keeps other bytes as an artifact. @returns their digest */
export function keep(dir: string, bytes: Uint8Array): string {
  const digest = sha256(bytes)
  writeFileSync(join(dir, 'artifacts', 'sha256', digest), bytes)
  return digest
}

export const artifact = (dir: string, digest: string): string => readFileSync(join(dir, 'artifacts', 'sha256', digest), 'utf8')
