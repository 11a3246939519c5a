/**
 * Writes long transcripts as a fleet's ceremony would leave them: a runbook whose steps go over ten thousand databases,
 * real keys, every entry signed. All steps share one recording, because half a million files would measure the disk.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { statementOf } from '../engine/src/ceremony/ledger.ts'
import { canonicalize } from '../engine/src/transcript/canonical.ts'
import { preAuthenticationEncoding, signerOf } from '../engine/src/transcript/dsse.ts'
import { type Body, type Opened, PAYLOAD_TYPE, type Subject } from '../engine/src/transcript/entry.ts'
import { digestOfFiles, packPlugin } from '../engine/src/transcript/plugin-package.ts'
import { TRANSCRIPT } from '../engine/src/transcript/store.ts'

const CACHE = fileURLToPath(new URL('../.cache/bench', import.meta.url))
/** Goes up when what is written here changes. */
const VERSION = 1
const CEREMONY = '01HZZZZZZZZZZZZZZZZZZZZZZZ'
const PER_STEP = 10_000

export interface LongTranscript {
  readonly dir: string
  readonly entries: number
  readonly signatures: number
}

/**
 * Makes the transcript, or finds the one that an earlier run left.
 * @param entries how many at least
 */
export function longTranscript(entries: number): LongTranscript {
  const dir = join(CACHE, `transcript-${VERSION}-${entries}`)
  if (!existsSync(dir)) {
    rmSync(`${dir}.new`, { recursive: true, force: true })
    writeLongTranscript(`${dir}.new`, entries)
    renameSync(`${dir}.new`, dir)
  }
  const { steps, perStep } = shapeOf(entries)
  return { dir, entries: 3 + steps * perStep * 2, signatures: 5 + steps * perStep * 3 }
}

/** Writes one into a folder that is new or empty. */
export function writeLongTranscript(dir: string, entries: number): void {
  const { steps, perStep } = shapeOf(entries)
  mkdirSync(join(dir, 'artifacts', 'sha256'), { recursive: true })
  new Writer(dir, steps, perStep).write()
}

function shapeOf(entries: number): { steps: number; perStep: number } {
  const steps = Math.max(2, Math.round(entries / 2 / PER_STEP))
  return { steps, perStep: Math.max(1, Math.round(entries / 2 / steps)) }
}

const closed = { type: 'object', additionalProperties: false }
const text = { type: 'string', minLength: 1, maxLength: 128 }
const PLUGIN = {
  name: 'fleet',
  version: '1.0.0',
  actions: {
    protect: {
      title: 'Protect a database',
      input: {
        ...closed,
        properties: { server: text, database: text, kid: text, round: { type: 'integer' } },
        required: ['server', 'database'],
      },
      output: { ...closed, properties: { server: text, database: text, state: { enum: ['Encrypted'] }, version: { type: 'integer' } } },
      readsOnly: false,
      reconciles: true,
    },
  },
  files: new Map([['src/index.ts', Buffer.from('export default {}')]]),
}
const RECORDING = Buffer.from('{"call":{"action":"fleet/protect","seed":"","what":"run"},"time":0}\n')

/** Each step takes an input from what the step before gave for the same database. */
function runbookOf(steps: number): string {
  const step = (number: number): string => `
  - id: round-${number}
    for-each: \${{ parameters.databases }}
    uses: fleet/protect
    with:
      server: \${{ parameters.server }}
      database: \${{ each.key }}
      kid: https://\${{ parameters.vault }}.vault.azure.net/keys/tde
      round: ${number === 0 ? 0 : `\${{ steps["round-${number - 1}"][each.key].outputs.version + 1 }}`}
    sign-off: { before: { crypto-officer: 1 } }`
  return `runbook: fleet
version: 1
title: Protect a fleet of databases
parameters:
  server: { type: string }
  vault: { type: string }
  databases: { type: array, items: { type: string } }
stations: { workstation: { network: azure } }
roles: { crypto-officer: { at-least: 1 } }
plugins: { fleet: ^1 }
steps:${Array.from({ length: steps }, (_, number) => step(number)).join('')}
`
}

class Writer {
  readonly #dir: string
  readonly #steps: number
  readonly #databases: readonly string[]
  readonly #station = newKey()
  readonly #officer = newKey()
  readonly #file: number
  #sequence = 0
  #previous: string | null = null
  #block: string[] = []

  constructor(dir: string, steps: number, perStep: number) {
    this.#dir = dir
    this.#steps = steps
    this.#databases = Array.from({ length: perStep }, (_, index) => `customer-${String(index).padStart(5, '0')}`)
    this.#file = openSync(join(dir, TRANSCRIPT), 'w')
  }

  write(): void {
    this.#opened()
    this.#append({ kind: 'arrived', evidence: { host: 'workstation', network: [], default_route: true }, waiver: null })
    const exchanges = { sha256: this.#keep(RECORDING), count: 1 }
    for (let round = 0; round < this.#steps; round++) {
      for (const database of this.#databases) this.#instance(round, database, exchanges)
    }
    const steps_done = this.#steps * this.#databases.length
    this.#append({ kind: 'closed', entries: this.#sequence, result: 'complete', steps_done, deviations: 0 }, [this.#officer])
    this.#flush()
    closeSync(this.#file)
  }

  #opened(): void {
    const runbook = Buffer.from(runbookOf(this.#steps))
    const pack = packPlugin(PLUGIN)
    const opened: Opened = {
      kind: 'opened',
      runbook: { name: 'fleet', version: 1, title: 'Protect a fleet of databases', sha256: this.#keep(runbook) },
      parameters: { server: 'sql-europe-1', vault: 'contoso-europe', databases: this.#databases },
      stations: { workstation: { keyid: this.#station.keyid, public_key: this.#station.publicKey } },
      officers: [{ name: 'crypto-officer-1', roles: ['crypto-officer'], keyid: this.#officer.keyid, public_key: this.#officer.publicKey }],
      plugins: { fleet: { version: PLUGIN.version, sha256: digestOfFiles(PLUGIN.files), package: this.#keep(pack) } },
      engine: { version: '0.1.0', sha256: sha256('engine'), node: process.version, dependencies: sha256('dependencies') },
      clock_scale: 1,
      unattended: false,
      cloud: null,
    }
    this.#append(
      opened,
      [this.#officer],
      [
        { name: 'runbook.yaml', digest: { sha256: sha256(runbook) } },
        { name: 'plugin-fleet.json', digest: { sha256: sha256(pack) } },
      ],
    )
  }

  #instance(round: number, database: string, exchanges: { sha256: string; count: number }): void {
    const about = { step: `round-${round}`, instance: database }
    const inputs = { server: 'sql-europe-1', database, kid: 'https://contoso-europe.vault.azure.net/keys/tde', round }
    const says = `Make the key tde of the vault contoso-europe the protector of ${database} on sql-europe-1`
    const intent = this.#sequence
    this.#append({ kind: 'intent', ...about, action: 'fleet/protect', inputs, says, attempt: 1 }, [this.#officer])
    const outputs = { server: 'sql-europe-1', database, state: 'Encrypted', version: round }
    this.#append({ kind: 'outcome', ...about, intent, result: 'done', outputs, error: null, exchanges, attempts: null, reconciled: false })
  }

  #append(body: Body, officers: readonly Key[] = [], subject?: readonly Subject[]): void {
    const statement = statementOf(body, subject ?? [], {
      ceremony: CEREMONY,
      sequence: this.#sequence++,
      previous: this.#previous === null ? null : { sha256: this.#previous },
      station: 'workstation',
      time: new Date(Date.UTC(2026, 0, 1) + this.#sequence * 100).toISOString(),
      mode: 'production',
    })
    const payload = Buffer.from(canonicalize(statement))
    const message = preAuthenticationEncoding(PAYLOAD_TYPE, payload)
    const signatures = [this.#station, ...officers].map(({ keyid, key }) => ({ keyid, sig: sign(null, message, key).toString('base64') }))
    // The same as `lineOf` writes: these texts need no escapes.
    const line = JSON.stringify({ payload: payload.toString('base64'), payloadType: PAYLOAD_TYPE, signatures })
    this.#previous = sha256(line)
    this.#block.push(line)
    if (this.#block.length >= 1000) this.#flush()
  }

  #flush(): void {
    writeSync(this.#file, this.#block.map((line) => `${line}\n`).join(''))
    this.#block = []
  }

  #keep(bytes: Uint8Array): string {
    writeFileSync(join(this.#dir, 'artifacts', 'sha256', sha256(bytes)), bytes)
    return sha256(bytes)
  }
}

interface Key {
  readonly keyid: string
  readonly publicKey: string
  readonly key: KeyObject
}

function newKey(): Key {
  const { privateKey } = generateKeyPairSync('ed25519')
  const { keyid, publicKey } = signerOf(privateKey)
  return { keyid, publicKey, key: privateKey }
}

function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex')
}
