/** Officers' keys on smartcards, by PKCS#11: ECDSA P-256, ECDSA P-384 or Ed25519. The private key never leaves the card. */
import { fork } from 'node:child_process'
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { keyidOf } from '../transcript/dsse.ts'
import type { CardKey, CardReply, CardRequest } from './card-process.ts'
import { type OfficerKey, WrongSecretError } from './officer-key.ts'

/** A card that cannot be used; the message is for the officer. */
export class CardError extends Error {
  override readonly name = 'CardError'
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** Where a card's key is found. */
export interface CardPlace {
  /** The PKCS#11 library, such as `/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so`. */
  readonly library: string
  /** Label of the card's token. */
  readonly token: string
  /** Label of the key; left out where the card holds one only. */
  readonly key?: string
  /** Variables for the library; no secrets. */
  readonly environment?: Readonly<Record<string, string>>
}

const HASHES: Readonly<Record<CardKey['kind'], string | undefined>> = { 'P-256': 'sha256', 'P-384': 'sha384', Ed25519: undefined }
const MAIN = fileURLToPath(new URL('./card-process.ts', import.meta.url))

/**
 * Looks at a card, without its PIN.
 * @returns its key, locked
 * @throws CardError `card/not-there`, `card/no-key`, or the library's own code
 */
export async function cardKey(place: CardPlace): Promise<OfficerKey> {
  const { key } = await ask(place)
  const publicKey = publicKeyFrom(key)
  const keyid = keyidOf(publicKey)
  return {
    keyid,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string,
    where: `card \`${place.token}\`, key \`${key.label}\``,
    unlockedBy: key.ownReader ? 'reader' : 'PIN',
    async sign(message, secret) {
      // ECDSA on a card signs a digest; Ed25519 the message itself.
      const hash = HASHES[key.kind]
      const signed = hash ? createHash(hash).update(message).digest() : message
      const reply = await ask(place, { message: signed, pin: key.ownReader ? undefined : secret })
      if (keyidOf(publicKeyFrom(reply.key)) !== keyid)
        throw new CardError('card/other', `Another card is in the reader than that with ${keyid}.`)
      return hash ? derOf(reply.signature!) : reply.signature!
    },
  }
}

/** Asks a process of its own, which ends with its answer. */
async function ask(place: CardPlace, sign?: CardRequest['sign']): Promise<Extract<CardReply, { ok: true }>> {
  const { library, token, key, environment } = place
  const child = fork(MAIN, [], {
    execArgv: ['--permission', '--allow-addons', '--allow-fs-read=*', '--no-warnings'],
    env: { ...environment },
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  child.send({ library, token, ...(key === undefined ? {} : { key }), ...(sign ? { sign } : {}) } satisfies CardRequest, () => {})
  const reply = await Promise.race([
    once(child, 'message').then(([message]) => message as CardReply),
    once(child, 'exit').then(
      (): CardReply => ({ ok: false, code: 'card/library', message: `the process with ${library} ended without an answer` }),
    ),
  ])
  if (reply.ok) return reply
  if (reply.code === 'card/pin') throw new WrongSecretError(reply.message)
  throw new CardError(reply.code, reply.message)
}

function publicKeyFrom({ kind, point }: CardKey): KeyObject {
  const half = point.length / 2
  const part = (from: number, to: number): string => Buffer.from(point.subarray(from, to)).toString('base64url')
  const jwk =
    kind === 'Ed25519' ? { kty: 'OKP', crv: kind, x: part(0, 32) } : { kty: 'EC', crv: kind, x: part(0, half), y: part(half, 2 * half) }
  return createPublicKey({ key: jwk, format: 'jwk' })
}

/** A card gives r and s side by side; the envelope has them in DER (RFC 3279, section 2.2.3). */
function derOf(signature: Uint8Array): Buffer {
  const integer = (bytes: Uint8Array): Buffer => {
    const start = bytes.findIndex((byte) => byte !== 0)
    const digits = bytes.subarray(start < 0 ? bytes.length - 1 : start)
    const content = digits[0]! & 0x80 ? [0, ...digits] : [...digits]
    return Buffer.from([2, content.length, ...content])
  }
  const half = signature.length / 2
  const content = Buffer.concat([integer(signature.subarray(0, half)), integer(signature.subarray(half))])
  return Buffer.concat([Buffer.from([0x30, content.length]), content])
}
