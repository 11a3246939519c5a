/** A smart card: a file in the rack, with a number printed on it, and a share sealed under a passphrase in it. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, scryptSync } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { readCardSets } from './cardset.ts'
import { readJson, writeJson } from './files.ts'
import type { Twin } from './twin.ts'
import { readWorld } from './world.ts'

const SCRYPT = { N: 2 ** 14, r: 8, p: 1 }

export interface Contents {
  readonly kind: 'administrator' | 'operator'
  /** hkltnso of the world, or hkltu of the card set. */
  readonly owner: string
  /** Name of the card set; empty for administrator cards. */
  readonly name: string
  /** The card's number in its set, from 1. */
  readonly number: number
  readonly sealed: { readonly salt: string; readonly nonce: string; readonly tag: string; readonly share: string }
}

export interface Card {
  /** The number printed on it, by which custody is told. */
  readonly label: string
  readonly contents: Contents | null
}

const fileOf = (twin: Twin, label: string): string => join(twin.rack, `${label}.card`)

/** @returns all cards, in the order of their labels, wherever they are at the moment */
export function readCards(twin: Twin): Card[] {
  const names = readdirSync(twin.rack).filter((name) => name.endsWith('.card'))
  return names.sort().map((name) => readCard(twin, basename(name, '.card')))
}

export function readCard(twin: Twin, label: string): Card {
  const card = readJson<Card>(fileOf(twin, label))
  if (!card) throw new Error(`there is no card ${label}`)
  return card
}

export function writeCard(twin: Twin, card: Card): void {
  writeJson(fileOf(twin, card.label), card)
}

/** @returns how the tools name what is in the slot */
export function describeCard(twin: Twin, card: Card | null): string {
  if (!card) return 'empty'
  if (!card.contents) return 'blank card'
  const { kind, name, number } = card.contents
  if (!isAlive(twin, card.contents)) return 'unknown card'
  return kind === 'administrator' ? `Admin Card #${number}` : `\`${name}' #${number}`
}

/** @returns whether the card is of the administrator cards in force, or of a card set that there is */
export function isAlive(twin: Twin, { kind, owner }: Contents): boolean {
  return kind === 'administrator' ? readWorld(twin)?.hkltnso === owner : readCardSets(twin).some((set) => set.hkltu === owner)
}

/** What a share is sealed for: written on the card in the clear, and bound to the share. */
export type Identity = Omit<Contents, 'sealed'>

/**
 * @param binding the module's key for a card that works with modules of this world only; empty for an administrator card, which
 *   must open the world on a new module
 */
export function sealShare(identity: Identity, share: Uint8Array, passphrase: string, binding: Uint8Array): Contents {
  const salt = randomBytes(16)
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', cardKey(passphrase, salt, binding), nonce).setAAD(associatedData(identity))
  const sealed = Buffer.concat([cipher.update(share), cipher.final()])
  const text = (bytes: Buffer): string => bytes.toString('base64')
  return { ...identity, sealed: { salt: text(salt), nonce: text(nonce), tag: text(cipher.getAuthTag()), share: text(sealed) } }
}

/** @returns the card's share, or undefined for a wrong passphrase */
export function openShare(contents: Contents, passphrase: string, binding: Uint8Array): Uint8Array | undefined {
  const { sealed, ...identity } = contents
  const bytes = (text: string): Buffer => Buffer.from(text, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', cardKey(passphrase, bytes(sealed.salt), binding), bytes(sealed.nonce))
  decipher.setAAD(associatedData(identity)).setAuthTag(bytes(sealed.tag))
  try {
    return Buffer.concat([decipher.update(bytes(sealed.share)), decipher.final()])
  } catch {
    return undefined
  }
}

function cardKey(passphrase: string, salt: Buffer, binding: Uint8Array): Buffer {
  const stretched = scryptSync(passphrase, salt, 32, SCRYPT)
  return Buffer.from(hkdfSync('sha256', Buffer.concat([stretched, binding]), salt, 'nshield twin card', 32))
}

function associatedData({ kind, owner, name, number }: Identity): Buffer {
  return Buffer.from(JSON.stringify([kind, owner, name, number]))
}
