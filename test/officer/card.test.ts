import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { CardError, cardKey } from '../../engine/src/officer/card.ts'
import { WrongSecretError } from '../../engine/src/officer/officer-key.ts'
import { isSignedBy, publicKeyOf } from '../../engine/src/transcript/dsse.ts'
import { makeCard, PIN } from './softhsm-card.ts'

const dir = mkdtempSync(join(tmpdir(), 'ceremony-cards-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const message = Buffer.from('what the officers sign')

describe.each(['P-256', 'P-384', 'Ed25519'] as const)('a smartcard with a key on %s', (kind) => {
  const place = makeCard(dir, `officer-${kind}`, kind)

  test('shows whose key it is without its PIN, and signs with it as dsse.ts checks it', async () => {
    const key = await cardKey(place)
    expect(key).toMatchObject({ unlockedBy: 'PIN', keyid: expect.stringMatching(/^[0-9a-f]{64}$/) })
    for (let round = 0; round < 3; round++) expect(isSignedBy(publicKeyOf(key.publicKey), message, await key.sign(message, PIN))).toBe(true)
  })

  test('with a wrong PIN signs nothing, and says so', async () => {
    const key = await cardKey(place)
    await expect(key.sign(message, '000000')).rejects.toThrow(WrongSecretError)
    expect(isSignedBy(publicKeyOf(key.publicKey), message, await key.sign(message, PIN))).toBe(true)
  })
})

test('a card that is not in its reader, and a key that is not on the card, are named with what is there', async () => {
  const place = makeCard(dir, 'lonely', 'P-256')
  await expect(cardKey({ ...place, token: 'another' })).rejects.toThrow('no card with the label `another` is in a reader; found: lonely')
  await expect(cardKey({ ...place, key: 'another' })).rejects.toThrow(
    'holds no single ECDSA P-256, ECDSA P-384 or Ed25519 key `another`; found: `signing` (P-256)',
  )
  await expect(cardKey({ ...place, library: join(dir, 'none.so') })).rejects.toThrow(CardError)
})
