/** What is legal but unwise. Each rule is one function with its reason in its words. */
import type { Finding, Runbook, Step } from './model.ts'
import { referencesOf } from './references.ts'
import type { Source } from './source.ts'
import { splitTemplate } from './template.ts'

type Data = Readonly<Record<string, unknown>>
type PluginStep = Step & { readonly does: Extract<Step['does'], { kind: 'plugin' }> }
type Warn = (code: string, offset: number, message: string, advice: string) => void

/** Actions after which there is no way back, so that people should agree ahead. */
const GRAVE = ['create-world', 'generate-key', 'delete-key']
/** Plugins whose actions bind a service to a key. */
const SERVICES = ['azure-storage', 'azure-sql']

export function warnings(runbook: Runbook, source: Source): Finding[] {
  const found: Finding[] = []
  const warn: Warn = (code, offset, message, advice) => found.push(source.finding('warning', `unwise/${code}`, offset, message, advice))
  for (const [index, step] of runbook.steps.entries()) {
    if (!isPluginStep(step)) continue
    quorumTooWeak(step, index, runbook, source, warn)
    keygenOnline(step, index, runbook, source, warn)
    graveAndUnsigned(step, index, source, warn)
    noPurgeProtection(step, index, source, warn)
  }
  oneKeyForSeveralServices(runbook, source, warn)
  return found
}

function isPluginStep(step: Step): step is PluginStep {
  return step.does.kind === 'plugin'
}

function quorumTooWeak(step: PluginStep, index: number, runbook: Runbook, source: Source, warn: Warn): void {
  for (const [name, value] of Object.entries(step.does.with.value as Data)) {
    if (name !== 'quorum' && !name.endsWith('-quorum')) continue
    const quorum = /^([0-9]{1,3})\/([0-9]{1,3})$/.exec(String(literal(value, runbook)))
    if (quorum === null) continue
    const [k, n] = [Number(quorum[1]), Number(quorum[2])]
    const offset = source.value(['steps', index, 'with', name])
    if (n === 1) {
      warn(
        'quorum-1-of-1',
        offset,
        `A quorum of ${k}/${n} puts everything into one hand`,
        'One lost card loses all, one stolen card gives all. Take 2/3 or more.',
      )
    } else if (k === n) {
      warn(
        'quorum-all',
        offset,
        `A quorum of ${k}/${n} needs every card`,
        'A single lost or broken card locks everybody out for good. Make more cards than are needed.',
      )
    } else if (k === 1 && name.startsWith('acs')) {
      warn(
        'acs-quorum-1',
        offset,
        `With ${k}/${n} any one administrator card controls the world`,
        'One person alone could recover keys or replace cards. Take at least 2.',
      )
    }
  }
}

/** The value that a template has before anything ran: itself, or the default of the one parameter that it is. */
function literal(value: unknown, runbook: Runbook): unknown {
  if (typeof value !== 'string' || !value.includes('${{')) return value
  const [reference, ...more] = references(value)
  const name = reference?.segments[0]?.name
  if (more.length > 0 || reference?.root !== 'parameters' || reference.segments.length !== 1 || typeof name !== 'string') return undefined
  return Object.hasOwn(runbook.parameters, name) ? runbook.parameters[name]!.default : undefined
}

function keygenOnline({ does, station }: PluginStep, index: number, runbook: Runbook, source: Source, warn: Warn): void {
  if (does.plugin !== 'hsm-ncipher' || !['generate-key', 'create-world'].includes(does.action)) return
  const place = Object.hasOwn(runbook.stations, station) ? runbook.stations[station]! : undefined
  if (place === undefined || place.network === 'none') return
  const offset = source.value(['steps', index, 'uses'])
  warn(
    'keygen-online',
    offset,
    `Key material is made at \`${station}\`, which has a network`,
    'Whoever reaches the network may reach the key. Do it at a station with `network: none`.',
  )
}

function graveAndUnsigned({ does, signOff }: PluginStep, index: number, source: Source, warn: Warn): void {
  if (!GRAVE.includes(does.action) || Object.keys(signOff.before).length > 0) return
  const offset = source.value(['steps', index, 'uses'])
  warn('unsigned', offset, `Nobody signs before \`${does.action}\``, 'It cannot be taken back. Give the step a `sign-off: { before: … }`.')
}

function noPurgeProtection({ does }: PluginStep, index: number, source: Source, warn: Warn): void {
  if ((does.with.value as Data)['purge-protection'] !== false) return
  const offset = source.value(['steps', index, 'with', 'purge-protection'])
  warn(
    'no-purge-protection',
    offset,
    'A vault without purge protection can lose its keys for good',
    'Storage and SQL refuse keys of such a vault. Leave it on.',
  )
}

/** Follows the references of each service's steps back to the steps that generated keys. */
function oneKeyForSeveralServices(runbook: Runbook, source: Source, warn: Warn): void {
  const origins = new Map<string, ReadonlySet<string>>()
  const users = new Map<string, string>()
  for (const [index, step] of runbook.steps.entries()) {
    const keys = keysBehind(step, origins)
    origins.set(step.id, keys)
    if (!isPluginStep(step) || !SERVICES.includes(step.does.plugin)) continue
    for (const key of keys) {
      const first = users.get(key) ?? step.does.plugin
      users.set(key, first)
      if (first === step.does.plugin) continue
      users.set(key, step.does.plugin)
      const offset = source.value(['steps', index, 'uses'])
      warn(
        'shared-key',
        offset,
        `The key of \`${key}\` serves \`${first}\` and \`${step.does.plugin}\``,
        'Losing or revoking it hits both at once. Generate a key for each service.',
      )
    }
  }
}

/** The generate-key steps that a step's inputs come from. For those with for-each only the run tells which key it is. */
function keysBehind(step: Step, origins: ReadonlyMap<string, ReadonlySet<string>>): ReadonlySet<string> {
  if (!isPluginStep(step)) return new Set()
  if (step.does.action === 'generate-key') return step.forEach === undefined ? new Set([step.id]) : new Set()
  const keys = new Set<string>()
  for (const { root, segments } of references(step.does.with.value)) {
    if (root !== 'steps') continue
    for (const key of origins.get(String(segments[0]?.name)) ?? []) keys.add(key)
  }
  return keys
}

/** Every reference in a template; none where it cannot be read, which is reported elsewhere. */
function references(value: unknown): ReturnType<typeof referencesOf> {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(references)
  if (typeof value !== 'string') return []
  try {
    return splitTemplate(value).flatMap((part) => ('expression' in part ? referencesOf(part.expression) : []))
  } catch {
    return []
  }
}
