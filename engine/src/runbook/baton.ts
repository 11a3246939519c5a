import type { Finding, Runbook } from './model.ts'
import type { Source } from './source.ts'

/**
 * Follows the baton through the steps: a step takes place at the station that has it, and only a `transfer` moves it.
 * @returns every step that happens where the ceremony is not
 */
export function batonFindings(runbook: Runbook, source: Source): Finding[] {
  const found: Finding[] = []
  let at = runbook.steps[0]?.station ?? ''
  for (const [index, { id, station, does }] of runbook.steps.entries()) {
    const path = ['steps', index] as const
    if (station !== at && Object.hasOwn(runbook.stations, station) && at !== '') {
      const advice = `Put a step with \`transfer: { to: ${station} }\` before it.`
      const message = `The step \`${id}\` takes place at \`${station}\`, but the ceremony is at \`${at}\``
      found.push(source.finding('error', 'runbook/no-transfer', source.value([...path, 'station']), message, advice))
    }
    at = station
    if (does.kind !== 'transfer') continue
    if (does.to === at) {
      const offset = source.value([...path, 'transfer', 'to'])
      found.push(source.finding('error', 'runbook/no-transfer', offset, `The ceremony is at \`${at}\` already`))
    }
    at = does.to
  }
  return found
}
