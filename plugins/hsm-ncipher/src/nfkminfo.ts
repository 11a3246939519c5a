/** Reads what `nfkminfo` prints of the security world, and its list of card sets. */
import { type Context, PluginError } from '@ceremony/engine/plugin'
import { ask, unknownOutput } from './tool.ts'

export interface World {
  readonly state: 'none' | 'usable' | 'unusable'
  /** Hash of the world's security officer key: the world's fingerprint. */
  readonly hknso: string | null
  readonly quorum: string | null
  readonly fips_level_3: boolean
}

export interface CardSet {
  readonly name: string
  readonly hkltu: string
  readonly quorum: string
}

const SECTION = /^(World|Module #\d+|Module #\d+ Slot #\d+ IC \d+|Cardset|No Cardset|No Pre-Loaded Objects|Pre-Loaded Objects.*)$/
const HASH = /^[0-9a-f]{40}$/
const QUORUM = /^\d+\/\d+$/

/** @throws PluginError `hsm/tool-failed`, `hsm/unknown-output` */
export async function readWorldInfo(context: Context): Promise<World> {
  return readWorld(await ask(context, 'nfkminfo'))
}

/** @throws PluginError `hsm/tool-failed`, `hsm/unknown-output` */
export async function readCardSetList(context: Context): Promise<CardSet[]> {
  return readCardSets(await ask(context, 'nfkminfo', '-c'))
}

/** @throws PluginError `hsm/no-card-set` */
export async function requireCardSet(context: Context, name: string): Promise<CardSet> {
  const sets = await readCardSetList(context)
  const found = sets.filter((set) => set.name === name)
  if (found.length === 1) return found[0]!
  throw new PluginError('hsm/no-card-set', `There is not one operator card set \`${name}\` in this security world.`, {
    found: sets.map((set) => `${set.name} (${set.hkltu})`).join(', ') || 'no card set',
    expected: `one card set named \`${name}\``,
    changed: 'nothing',
    advice: 'Check the name, and that the key management data of the right world is on this host.',
  })
}

/**
 * @param output of `nfkminfo` or `nfkminfo -w`
 * @throws PluginError `hsm/unknown-output`
 */
export function readWorld(output: string): World {
  const lines = worldSection(output)
  const value = (name: string, pattern: RegExp): string => {
    const found = optionalValue(lines, name)
    if (found === undefined || !pattern.test(found))
      throw unknownOutput('nfkminfo', `\`${name}\` of World like ${pattern.source}`, found ?? '')
    return found
  }
  const flags = value('state', /^0x[0-9a-f]+( !?[A-Za-z0-9]+)+$/).split(' ')
  const flag = (word: string): boolean => {
    const set = flags.includes(word)
    if (set === flags.includes(`!${word}`))
      throw unknownOutput('nfkminfo', `\`${word}\` or \`!${word}\` in the world’s state`, flags.join(' '))
    return set
  }
  if (!flag('Initialised')) return { state: 'none', hknso: null, quorum: null, fips_level_3: false }
  return {
    state: flag('Usable') ? 'usable' : 'unusable',
    hknso: value('hknso', HASH),
    quorum: value('k-out-of-n', QUORUM),
    fips_level_3: flags.includes('StrictFIPS140') || /^fips.*level-?3$/.test(optionalValue(lines, 'mode') ?? ''),
  }
}

/** @returns the lines below `World` */
function worldSection(output: string): string[] {
  const lines: string[] = []
  let section: string | undefined
  for (const line of output.split(/\r?\n/)) {
    if (SECTION.test(line)) {
      if (section === undefined && line !== 'World') throw unknownOutput('nfkminfo', '`World` first', line)
      section = line
    } else if (line.startsWith(' ') && section !== undefined) {
      if (section === 'World') lines.push(line)
    } else if (line.trim() !== '') {
      throw unknownOutput('nfkminfo', 'sections such as `World` and `Module #1`', line)
    }
  }
  return lines
}

function optionalValue(lines: readonly string[], name: string): string | undefined {
  const found = lines.filter((line) => line === ` ${name}` || line.startsWith(` ${name} `))
  if (found.length > 1) throw unknownOutput('nfkminfo', `one \`${name}\` in World`, found.join('; '))
  return found[0]?.slice(name.length + 1).trim()
}

/**
 * @param output of `nfkminfo -c`
 * @throws PluginError `hsm/unknown-output`
 */
export function readCardSets(output: string): CardSet[] {
  const [title = '', , ...rows] = output.split(/\r?\n/).filter((line) => line.trim() !== '')
  const count = /^Cardset list - (no|\d+) cardsets?(:.*)?$/.exec(title)?.[1]
  if (count === undefined) throw unknownOutput('nfkminfo -c', '`Cardset list - …`', title)
  const sets = rows.map((row): CardSet => {
    const match = /^ ([0-9a-f]{40}) +(\d+\/\d+) +\S+ +(\S.*)$/.exec(row)
    if (!match) throw unknownOutput('nfkminfo -c', 'a row of hash, k/n, timeout, name', row)
    return { hkltu: match[1]!, quorum: match[2]!, name: match[3]!.trimEnd() }
  })
  if (sets.length !== (count === 'no' ? 0 : Number(count))) throw unknownOutput('nfkminfo -c', `${count} card sets`, `${sets.length} rows`)
  return sets
}
