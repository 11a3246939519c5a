/** `ceremony replay`. */
import type { Difference } from '../replay/difference.ts'
import { type Replay, replayTranscript } from '../replay/replay.ts'
import { printable } from '../terminal/printable.ts'
import { instanceName } from '../transcript/entry.ts'
import { audit } from './audit.ts'

interface Options {
  trust?: string
  head?: string
  withCurrentPlugins?: boolean
  json?: boolean
}

const FROM = { installed: 'installed', ceremony: 'from the ceremony’s folder', current: 'installed, NOT the recorded code' }

/** @returns 0 if everything came out as recorded, else 1 */
export async function replay(place: string, options: Options): Promise<number> {
  const { json, ...rest } = options
  const result = await audit(place, options, () => replayTranscript(place, rest))
  process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : describe(result, place))
  return result.ok ? 0 : 1
}

function describe(result: Replay, place: string): string {
  const { verification, engine, plugins } = result
  const lines = [`The ceremony ${result.verdict}.`, '']
  for (const difference of result.differences) lines.push(...describeDifference(difference))
  if (!verification.ok) lines.push(`It ${verification.verdict}.`, `  See: ceremony verify ${place}`)
  else {
    lines.push(`Entries     ${result.entries}, ${verification.closed ? 'closed' : 'not closed'}, ${verification.mode}`)
    lines.push(`Exchanges   ${result.exchanges} lines of recordings`)
    lines.push(`Signatures  ${verification.verdict}`)
    for (const [name, { version, sha256, from }] of Object.entries(plugins))
      lines.push(`Plugin      ${name} ${version}, ${FROM[from]}`, `            ${sha256}`)
    const version = `${engine.current.version} on Node ${engine.current.node}`
    lines.push(
      engine.same
        ? `Engine      ${version}, the recorded code`
        : `Engine      ${version}; recorded with ${engine.recorded?.version} on ${engine.recorded?.node}, other code or other packages`,
    )
  }
  return `${lines.map(printable).join('\n')}\n`
}

function describeDifference({ line, step, instance, field, recorded, replayed, exchange }: Difference): string[] {
  const where = step === null ? '' : `  ${instanceName(step, instance)}`
  const place = exchange ? [`    exchange  line ${exchange.line} of artifacts/sha256/${exchange.recording}`] : []
  return [`  line ${line}${where}`, ...place, `    field     ${field}`, `    recorded  ${recorded}`, `    replayed  ${replayed}`, '']
}
