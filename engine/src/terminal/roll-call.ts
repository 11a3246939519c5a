/** The roll call: who of those named is in the room. That they hold their keys, they prove by signing the opening. */
import type { Officer } from '../ceremony/officers-file.ts'
import { wordsOf } from '../transcript/words.ts'
import type { Asking } from './desk.ts'

/**
 * @param again whether the ceremony is taken up again
 * @returns names of those present
 */
export async function rollCall(desk: Asking, officers: readonly Officer[], again: boolean): Promise<ReadonlySet<string>> {
  const rows = officers.flatMap(({ name, roles, key }, index) => [
    `    ${String(index + 1).padStart(2)}  ${name} (${roles.join(', ')})`,
    `        key ${wordsOf(key.keyid).slice(0, 6).join(' ')} …`,
  ])
  desk.show(['', `  ROLL CALL${again ? ' (the ceremony is taken up again)' : ''}`, ...rows])
  const absentIn = (line: string): Set<number> | undefined => {
    if (line.trim() === 'all') return new Set()
    const numbers = line
      .trim()
      .split(/[\s,]+/)
      .map(Number)
    return numbers.every((number) => officers[number - 1]) ? new Set(numbers) : undefined
  }
  const line = await desk.ask({
    text: 'Is everyone in the room? Type "all", or the numbers of those who are absent:',
    during: 'rest',
    check: (line) => (absentIn(line) ? undefined : `Type "all", or numbers from 1 to ${officers.length} with blanks between.`),
  })
  const absent = absentIn(line)!
  return new Set(officers.filter((_, index) => !absent.has(index + 1)).map(({ name }) => name))
}
