const UNITS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

/** What a duration looks like in a runbook: `90s`, `15m`, `1h30m`. */
export const DURATION = '^(?=[0-9]+[a-z])(?=.*[1-9])([0-9]{1,6}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?([0-9]{1,6}ms)?$'

/** @returns milliseconds, or null if the text is no duration longer than nothing */
export function parseDuration(text: string): number | null {
  if (!new RegExp(DURATION).test(text)) return null
  let sum = 0
  for (const [, count, unit] of text.matchAll(/([0-9]+)([a-z]+)/g)) sum += Number(count) * UNITS[unit!]!
  return sum > 0 ? sum : null
}
