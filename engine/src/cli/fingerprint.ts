/** A digest as it is compared with paper: in hex, and in words to be read aloud. */
import { rowsOfWords } from '../transcript/words.ts'

/** @returns lines, the first with the label in front */
export function fingerprintLines(label: string, hex: string): string[] {
  return [`${label.padEnd(9)} ${hex}`, ...rowsOfWords(hex).map((row) => `${' '.repeat(10)}${row}`)]
}
