/** The key exchange key that a target key is wrapped for: looked at closely before anything is wrapped for it. */
import { PluginError, type Static, Type } from '@ceremony/engine/plugin'
import { Base64Url } from './inputs.ts'
import { bitLength, type PublicHalf, unsigned } from './rsa-key.ts'

/** As azure-vault's `create-kek` describes it. */
export const KeyExchangeKey = Type.Object(
  { kid: Type.String({ maxLength: 300 }), n: Base64Url, e: Base64Url, bits: Type.Integer() },
  { additionalProperties: false },
)

export interface CheckedKek extends PublicHalf {
  readonly kid: string
  readonly bits: number
  /** Name of its vault. */
  readonly vault: string
}

const KID = /^https:\/\/([a-z][a-z0-9-]{1,22}[a-z0-9])(\.[a-z0-9-]+)+\/keys\/[A-Za-z0-9-]{1,127}\/[0-9a-f]{32}$/
const SIZES = [2048, 3072, 4096]

/** @throws PluginError `hsm/kek` that names what is wrong with it */
export function checkKek({ kid, n, e, bits }: Static<typeof KeyExchangeKey>): CheckedKek {
  const vault = KID.exec(kid)?.[1]
  if (vault === undefined) throw wrong('key identifier', kid, 'https://<vault>.<suffix>/keys/<name>/<version of 32 hex digits>')
  const modulus = decode(n, 'modulus')
  const exponent = decode(e, 'public exponent')
  if (!SIZES.includes(bits)) throw wrong('size', `${bits} bits`, SIZES.join(', '))
  if (bitLength(modulus) !== bits) throw wrong('modulus', `${bitLength(modulus)} bits`, `${bits} bits`)
  if (modulus.at(-1)! % 2 === 0) throw wrong('modulus', 'an even number', 'an odd number')
  if (exponent.length > 4 || exponent.readUIntBE(0, exponent.length) < 3 || exponent.at(-1)! % 2 === 0) {
    throw wrong('public exponent', `0x${exponent.toString('hex')}`, 'an odd number from 3 to 2^32, usually 65537')
  }
  return { kid, bits, vault, modulus, exponent }
}

function decode(text: string, what: string): Buffer {
  const bytes = Buffer.from(text, 'base64url')
  const number = unsigned(bytes)
  if (number.length === 0 || bytes.toString('base64url') !== text)
    throw wrong(what, text.slice(0, 60), 'a number in base64url without padding')
  return number
}

function wrong(what: string, found: string, expected: string): PluginError {
  return new PluginError('hsm/kek', `The ${what} of the key exchange key is not right; nothing is wrapped for it.`, {
    found,
    expected,
    changed: 'nothing',
    advice: 'Read the public half of the key exchange key from its vault again and compare.',
  })
}
