/**
 * The PGP word list: a byte is said as one of 256 words, of two syllables at even places and of three at odd ones, so that
 * a word that is left out or swapped is heard when a fingerprint is read aloud.
 */
import { EVEN, ODD } from './pgp-words.ts'

/** @returns the words of a digest in hex, in order */
export function wordsOf(hex: string): string[] {
  return [...Buffer.from(hex, 'hex')].map((byte, place) => (place % 2 === 0 ? EVEN : ODD)[byte]!)
}

/** @returns the same words as they are compared with paper, eight in a row */
export function rowsOfWords(hex: string): string[] {
  const words = wordsOf(hex)
  return Array.from({ length: Math.ceil(words.length / 8) }, (_, row) => words.slice(row * 8, row * 8 + 8).join(' '))
}
