import { generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CanonicalError, canonicalize } from '../../engine/src/transcript/canonical.ts'
import {
  isSignedBy,
  keyidOf,
  lineOf,
  parseEnvelope,
  preAuthenticationEncoding,
  publicKeyOf,
  signerOf,
} from '../../engine/src/transcript/dsse.ts'
import { KEYS, plan, seal, statementOf } from './sample.ts'

const envelope = await seal(statementOf(plan()[2]!, undefined), ['room', 'officer-1', 'officer-2'])
const line = Buffer.from(lineOf(envelope))
const parse = (value: unknown): unknown => parseEnvelope(Buffer.from(canonicalize(value)))

test('what is signed is the encoding of the specification', () => {
  expect(preAuthenticationEncoding('http://example.com/HelloWorld', Buffer.from('hello world')).toString()).toBe(
    'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
  )
  expect(preAuthenticationEncoding('ü', Buffer.from('€')).toString()).toBe('DSSEv1 2 ü 3 €')
})

describe('keys', () => {
  test('of both kinds sign, and their signatures are good for these bytes and key only', async () => {
    const message = Buffer.from('a message')
    for (const signer of [KEYS['officer-1'], KEYS['officer-2'], KEYS['witness-1']]) {
      const key = publicKeyOf(signer.publicKey)
      const signature = await signer.sign(message)
      expect(keyidOf(key)).toBe(signer.keyid)
      expect(isSignedBy(key, message, signature)).toBe(true)
      expect(isSignedBy(key, Buffer.from('another'), signature)).toBe(false)
      expect(isSignedBy(publicKeyOf(KEYS.stranger.publicKey), message, signature)).toBe(false)
    }
  })

  test('of P-256 must sign in DER, as OpenSSL does', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const raw = sign('sha256', Buffer.from('x'), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    expect(isSignedBy(publicKey, Buffer.from('x'), raw)).toBe(false)
  })

  test('of other kinds are refused', () => {
    for (const { publicKey } of [
      generateKeyPairSync('rsa', { modulusLength: 2048 }),
      generateKeyPairSync('ec', { namedCurve: 'secp521r1' }),
      generateKeyPairSync('x25519'),
    ]) {
      expect(() => publicKeyOf(publicKey.export({ type: 'spki', format: 'pem' }) as string)).toThrow(
        'expected Ed25519, ECDSA P-256 or ECDSA P-384',
      )
    }
    expect(() => signerOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)).toThrow(
      'expected Ed25519, ECDSA P-256 or ECDSA P-384',
    )
  })
})

describe('an envelope', () => {
  test('is read as it was written', () => {
    expect(parseEnvelope(line)).toEqual(envelope)
  })

  test.each([
    ['no object', []],
    ['null', null],
    ['a member too few', { payload: envelope.payload, signatures: envelope.signatures }],
    ['a member too many', { ...envelope, more: 1 }],
    ['another type', { ...envelope, payloadType: 'text/plain' }],
    ['no signatures', { ...envelope, signatures: [] }],
    ['a thousand and one signatures', { ...envelope, signatures: Array.from({ length: 1001 }, () => envelope.signatures[0]) }],
    ['signatures that are none', { ...envelope, signatures: [null] }],
    ['a signature with more in it', { ...envelope, signatures: [{ ...envelope.signatures[0], cert: '' }] }],
    ['a keyid that is none', { ...envelope, signatures: [{ keyid: 'A'.repeat(64), sig: 'AAAA' }] }],
    ['a payload that is no text', { ...envelope, payload: 7 }],
    ['base64 with a line break', { ...envelope, payload: `${envelope.payload.slice(0, 64)}\n${envelope.payload.slice(64)}` }],
    ['base64 of the URL kind', { ...envelope, payload: '-_-_' }],
    ['base64 without its padding', { ...envelope, payload: 'QQ' }],
    ['base64 with bits left over', { ...envelope, payload: 'QR==' }],
    ['a signature with bits left over', { ...envelope, signatures: [{ ...envelope.signatures[0]!, sig: 'QR==' }] }],
  ])('with %s is refused', (_, value) => {
    expect(() => parse(value)).toThrow(CanonicalError)
  })

  test('with any byte changed is refused or says something else', () => {
    fc.assert(
      fc.property(fc.nat(line.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(line)
        changed[at]! ^= change
        try {
          expect(parseEnvelope(changed)).not.toEqual(envelope)
          expect(lineOf(parseEnvelope(changed))).toBe(changed.toString())
        } catch (error) {
          expect(error).toBeInstanceOf(CanonicalError)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('of any shape is refused, and nothing else happens', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (payload, signatures) => {
        let text: string
        try {
          text = canonicalize({ payload, payloadType: envelope.payloadType, signatures })
        } catch {
          return
        }
        expect(() => parseEnvelope(Buffer.from(text))).toThrow(CanonicalError)
      }),
    )
  })
})
