/** A digest as it is compared with paper: in hex, and in words to be read aloud. */
import { wordsOf } from '../transcript/words.ts'

/** @returns lines, the first with the label in front */
export function fingerprintLines(label: string, hex: string): string[] {
  const words = wordsOf(hex)
  const rows = Array.from({ length: Math.ceil(words.length / 8) }, (_, row) => words.slice(row * 8, row * 8 + 8).join(' '))
  return [`${label.padEnd(9)} ${hex}`, ...rows.map((row) => `${' '.repeat(10)}${row}`)]
}
