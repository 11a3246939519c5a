/** Reads the transcript line by line, checks its form and every signature. */
import type { Envelope } from '../../transcript/dsse.ts'
import type { Opened, Statement } from '../../transcript/entry.ts'
import { fromBase64, sha256 } from './bytes.ts'
import { parseCanonical } from './canonical.ts'
import { importKey, isSignedBy, type PublicKey } from './keys.ts'
import { faultOfEnvelope, faultOfStatement } from './shape.ts'

/** What one line was found to be. */
export interface Line {
  /** Counted from one. */
  readonly number: number
  /** SHA-256 of its bytes, hex. */
  readonly digest: string
  readonly envelope?: Envelope
  readonly payload?: Uint8Array<ArrayBuffer>
  readonly statement?: Statement
  /** Why it could not be read. */
  readonly fault?: string
  /** For each signature, whether it is good. */
  signatures: readonly boolean[]
}

/** The public keys that the opening entry names, by keyid. */
export type Keys = ReadonlyMap<string, PublicKey>

export async function readLine(bytes: Uint8Array<ArrayBuffer>, number: number): Promise<Line> {
  const line = { number, digest: await sha256(bytes), signatures: [] }
  try {
    const envelope = parseCanonical(bytes)
    const fault = faultOfEnvelope(envelope)
    if (fault !== undefined) return { ...line, fault: `envelope: ${fault}` }
    const payload = fromBase64((envelope as Envelope).payload)
    const statement = parseCanonical(payload)
    const misshapen = faultOfStatement(statement)
    if (misshapen !== undefined) return { ...line, fault: `statement: ${misshapen}` }
    return { ...line, envelope: envelope as Envelope, payload, statement: statement as Statement }
  } catch (error) {
    return { ...line, fault: (error as Error).message }
  }
}

/** Imports every key that the opening entry names, and reports those that are not what they say. */
export async function readKeys(opened: Opened, report: (rule: string, found: string, expected: string) => void): Promise<Keys> {
  const keys = new Map<string, PublicKey>()
  const names = new Set<string>()
  for (const { name } of opened.officers) {
    if (names.has(name)) report('opened/identity', `two officers are named ${name}`, 'one identity for each person')
    names.add(name)
  }
  for (const { keyid, public_key } of [...Object.values(opened.stations), ...opened.officers]) {
    try {
      const key = await importKey(public_key)
      if (key.keyid !== keyid) report('opened/keyid', keyid, `the digest of the key, ${key.keyid}`)
      if (keys.has(keyid)) report('opened/identity', `key ${keyid} stands for two`, 'a key of one’s own for each')
      keys.set(keyid, key)
    } catch (error) {
      // A browser that does not know the algorithm must not make a good transcript look bad.
      if ((error as Error).name === 'NotSupportedError') throw error
      report('opened/key', (error as Error).message, 'a public key in PEM: Ed25519, ECDSA P-256 or ECDSA P-384')
    }
  }
  return keys
}

/** Checks every signature of a line against DSSE's encoding of what was signed. */
export async function checkSignatures(line: Line, keys: Keys): Promise<void> {
  const { envelope, payload } = line
  if (!envelope || !payload) return
  const message = preAuthenticationEncoding(envelope.payloadType, payload)
  line.signatures = await Promise.all(
    envelope.signatures.map(async ({ keyid, sig }) => {
      const key = keys.get(keyid)
      try {
        return key !== undefined && (await isSignedBy(key, message, fromBase64(sig)))
      } catch {
        return false
      }
    }),
  )
}

/** What is signed: PAE(type, payload) of the DSSE specification, section "Signature Definition". */
function preAuthenticationEncoding(type: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder()
  const head = encoder.encode(`DSSEv1 ${encoder.encode(type).length} ${type} ${payload.length} `)
  const message = new Uint8Array(head.length + payload.length)
  message.set(head)
  message.set(payload, head.length)
  return message
}
