/** Digests as words of the PGP list, to be compared with paper, read or heard. */
import { EVEN, ODD } from '../../transcript/pgp-words.ts'
import { grouped } from './text.ts'

/** @returns the words of a digest in hex, in order */
export function wordsOf(hex: string): string[] {
  return (hex.match(/../g) ?? []).map((byte, place) => (place % 2 === 0 ? EVEN : ODD)[Number.parseInt(byte, 16)]!)
}

/** @returns a digest as it is compared with paper: four rows of eight bytes, each in digits and in words */
export function digestRows(hex: string): { digits: string; words: string }[] {
  const words = wordsOf(hex)
  return [0, 1, 2, 3].map((row) => ({
    digits: grouped(hex.slice(row * 16, row * 16 + 16), 4),
    words: words.slice(row * 8, row * 8 + 8).join(' '),
  }))
}

/**
 * Reads what somebody typed or pasted from paper: hex digits or words, however they are spaced and capitalised.
 * @returns the digest in hex; undefined if it is none
 */
export function digestFrom(text: string): string | undefined {
  const hex = text.replace(/[\s:]/g, '').toLowerCase()
  if (/^[0-9a-f]{64}$/.test(hex)) return hex
  const words = text
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '')
  if (words.length !== 32) return undefined
  const bytes = words.map((word, place) => (place % 2 === 0 ? EVEN : ODD).findIndex((known) => known.toLowerCase() === word))
  if (bytes.includes(-1)) return undefined
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
