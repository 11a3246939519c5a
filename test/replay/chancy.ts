/** A ceremony that lives on chance, and its transcript written anew by people who hold all the keys. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CeremonyError } from '../../engine/src/ceremony/error.ts'
import type { ProgressEvent } from '../../engine/src/ceremony/progress.ts'
import { carryOn } from '../../engine/src/ceremony/session.ts'
import { openOfficerKey } from '../../engine/src/officer/key-file.ts'
import { openStationKey } from '../../engine/src/station/key.ts'
import { canonicalize } from '../../engine/src/transcript/canonical.ts'
import { type Envelope, lineOf, preAuthenticationEncoding, type Signer } from '../../engine/src/transcript/dsse.ts'
import type { Entry, Statement } from '../../engine/src/transcript/entry.ts'
import { carry, layOut, OFFICERS, PLUGINS, runbookOf } from '../ceremony/small.ts'

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

const FALTERING = `
  - id: falter
    title: Falter
    station: room
    for-each: \${{ ["seen", "unseen"] }}
    uses: chancy/falter
    with: { seen: '\${{ each.value == "seen" }}' }
`

/**
 * Runs a ceremony in which each step is interrupted twice when the plugin is done and before anything is written: first when
 * it was run, then when it was asked whether it had been. It ends where that cannot be seen.
 * @returns its folder
 */
export async function runInterrupted(): Promise<string> {
  const dir = await layOut(runbookOf(FALTERING).replace('nothing: ^1', 'chancy: ^1'))
  const [folder, aside] = [join(dir, 'artifacts', 'sha256'), join(dir, 'aside')]
  const begun = new Map<string | null, number>()
  const progress = (event: ProgressEvent): void => {
    if (event.kind !== 'step') return
    const times = begun.get(event.instance) ?? 0
    begun.set(event.instance, times + 1)
    if (times >= 2) return
    // Where the folder of artifacts was, nothing can be kept.
    renameSync(folder, aside)
    writeFileSync(folder, '')
  }
  for (let tries = 0; tries < 10; tries++) {
    const error = await carryOn({ dir, progress, pluginFolders: [PLUGINS] }).catch((error: Error) => error)
    if (error instanceof CeremonyError && error.code === 'step/failed') return dir
    if (existsSync(aside)) {
      rmSync(folder)
      renameSync(aside, folder)
    }
  }
  throw new Error('nothing failed')
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
