/** @returns text from elsewhere, fit for a terminal: what could move the cursor or turn the reading direction is shown as its code */
export function printable(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}
