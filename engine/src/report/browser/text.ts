/** Text from a transcript comes from strangers: shown so that it can neither run nor deform the page. */

/** Controls, formats (among them those that turn the direction of writing), separators, what no font can show. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu
/** Marks heaped on one letter grow over the lines above and below. */
const HEAPED = /(\p{M}{3})\p{M}+/gu

/** @returns the text with every hidden character as its code, `\u{1b}`; line breaks and tabs stay */
export function visible(text: string): string {
  return text
    .replace(HIDDEN, (character) =>
      character === '\n' || character === '\t' ? character : `\\u{${character.codePointAt(0)!.toString(16)}}`,
    )
    .replace(HEAPED, '$1…')
}

/** @returns the text, or its beginning and how much was left out */
export function clipped(text: string, length: number): string {
  if (text.length <= length) return text
  return `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}… (${text.length.toLocaleString('en')} characters)`
}

/** @returns digits in groups, to be compared by eye */
export function grouped(hex: string, size = 8): string {
  return hex.match(new RegExp(`.{1,${size}}`, 'g'))?.join(' ') ?? ''
}

/** @returns `24 November 2026` */
export function dayOf(time: string): string {
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(time))
}

/** @returns `22:04:59` of an RFC 3339 time in UTC */
export function clockOf(time: string): string {
  return time.slice(11, 19)
}

/** @returns `350 ms`, `12 s`, `9 min 30 s`, `2 h 05 min` */
export function durationOf(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min${seconds % 60 ? ` ${seconds % 60} s` : ''}`
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}

/** @returns `1 entry`, `2 entries` */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}

/** @returns `a`, `a and b`, `a, b and c` */
export function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}

/** `modulus_sha256` -> `modulus sha256`: names as words, for they are read and not typed. */
export function spoken(name: string): string {
  return name.replaceAll('_', ' ').replaceAll('-', ' ')
}

/** @returns the parts of a sentence that officers sign: what stands in it between backticks is a name */
export function partsOf(says: string): { text: string; isName: boolean }[] {
  return says.split(/`([^`\n]{1,200})`/).map((text, index) => ({ text, isName: index % 2 === 1 }))
}

/** @returns how people call an instance of a step */
export function instanceName(step: string, instance: string | null): string {
  return instance === null ? step : `${step}[${instance}]`
}
