/** nfkminfo: the security world, the module's part in it, the slot, and the card sets. */
import { describeCard } from './card.ts'
import { type CardSet, readCardSets } from './cardset.ts'
import { settleEffects } from './effects.ts'
import { readModule } from './module.ts'
import { cardInSlot, readSlot } from './slot.ts'
import { checkModule, readArguments, runTool, say } from './tool.ts'
import { ToolError } from './tool-error.ts'
import { openTwin, type Twin } from './twin.ts'
import { isUsable, readWorld } from './world.ts'

const NULL_HASH = '0100000000000000000000000000000000000000'

await runTool((args) => {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      'world-info': { type: 'boolean', short: 'w' },
      'cardset-list': { type: 'boolean', short: 'c' },
      module: { type: 'string', short: 'm' },
    },
  })
  checkModule(values.module)
  if (positionals.length > (values['cardset-list'] ? 1 : 0)) throw new ToolError(`what is ${positionals.at(-1)}?`, 2)
  const twin = openTwin()
  settleEffects(twin)
  if (!values['cardset-list']) return showWorld(twin)
  const [hash] = positionals
  if (hash === undefined) return listCardSets(readCardSets(twin))
  const set = readCardSets(twin).find(({ hkltu }) => hkltu === hash)
  if (!set) throw new ToolError(`there is no card set ${hash}`)
  showCardSet(set)
  return 0
})

function showWorld(twin: Twin): number {
  const world = readWorld(twin)
  const module = readModule(twin)
  const usable = world !== undefined && isUsable(twin, world)
  say('World')
  if (!world) {
    values(12, {
      generation: '2',
      state: '0x17a60000 !Initialised !Usable !Recovery !PINRecovery !ExistingClient !RTC !NVRAM !FTO !SEEDebug',
      n_modules: '0',
    })
    for (const hash of ['hknso', 'hkm', 'hkmwk', 'hkre', 'hkra']) values(12, { [hash]: '0'.repeat(40) })
    values(12, { 'ex.client': 'none' })
  } else {
    const fips = world.mode === 'fips-140-level-3'
    values(12, {
      generation: '2',
      state: `0x3737000c Initialised ${usable ? '' : '!'}Usable Recovery !PINRecovery !ExistingClient RTC NVRAM FTO AlwaysUseStrongPrimes !SEEDebug${fips ? ' StrictFIPS140' : ''}`,
      n_modules: '1',
      hknso: world.hknso,
      hkm: `${world.hkm} (type Rijndael)`,
      hkmnull: NULL_HASH,
      'ex.client': 'none',
      'k-out-of-n': `${world.quorum.needed}/${world.quorum.total}`,
      'other quora': `m=${world.quorum.needed} r=${world.quorum.needed} nv=${world.quorum.needed} rtc=${world.quorum.needed} fto=${world.quorum.needed}`,
      createtime: world.created.slice(0, 19).replace('T', ' '),
      'nso timeout': '10 min',
      ciphersuite: world.cipherSuite,
      'min pp': '0 chars',
      mode: fips ? 'fips1402level3' : 'none',
    })
  }
  say()
  say('Module #1')
  values(11, {
    generation: '2',
    state:
      module.mode === 'operational'
        ? usable
          ? '0x2 Usable'
          : '0x7 Factory'
        : `0x6 ${module.mode === 'initialization' ? 'PreInitMode' : 'MaintMode'}`,
    flags: '0x0 !ShareTarget',
    n_slots: '1',
    esn: module.esn,
    hkml: NULL_HASH,
  })
  say()
  showSlot(twin)
  say()
  say('No Pre-Loaded Objects')
  return 0
}

function showSlot(twin: Twin): void {
  const card = cardInSlot(twin)
  const { insertions } = readSlot(twin)
  const words = describeCard(twin, card)
  const known = words.includes('#') ? card?.contents : undefined
  const state = !card
    ? '0x2 Empty'
    : !card.contents
      ? '0x3 Blank'
      : !known
        ? '0x6 Unidentified'
        : known.kind === 'administrator'
          ? '0x4 Admin'
          : '0x5 Operator'
  say(`Module #1 Slot #0 IC ${card ? insertions : 0}`)
  values(14, {
    generation: '1',
    phystype: 'SmartCard',
    slotlistflags: '0x2 SupportsAuthentication',
    state,
    flags: '0x0',
    shareno: String(known?.number ?? 0),
    shares: known ? (known.kind === 'administrator' ? 'LTNSO(PIN)' : 'LTU(PIN)') : '',
    error: 'OK',
  })
  const set = known?.kind === 'operator' ? readCardSets(twin).find(({ hkltu }) => hkltu === known.owner) : undefined
  if (set) showCardSet(set)
  else say('No Cardset')
}

function showCardSet(set: CardSet): void {
  say('Cardset')
  values(14, {
    name: `"${set.name}"`,
    'k-out-of-n': `${set.quorum.needed}/${set.quorum.total}`,
    flags: `${set.persistent ? 'Persistent' : 'NotPersistent'} PINRecoveryForbidden(disabled) !RemoteEnabled`,
    timeout: 'none',
    'card names': Array(set.quorum.total).fill('""').join(' '),
    hkltu: set.hkltu,
    gentime: set.created.slice(0, 19).replace('T', ' '),
  })
}

function listCardSets(sets: readonly CardSet[]): number {
  if (sets.length === 0) {
    say('Cardset list - no cardsets')
    return 0
  }
  say(`Cardset list - ${sets.length} cardset${sets.length === 1 ? '' : 's'}:  (P)ersistent/(N)ot, (R)emoteable/(L)ocal-only`)
  say(' Operator logical token hash               k/n timeout  name')
  for (const { hkltu, quorum, persistent, name } of sets) {
    say(` ${hkltu}  ${quorum.needed}/${quorum.total}  none-${persistent ? 'P' : 'N'}L  ${name}`)
  }
  return 0
}

/** One space, the name padded, the value. */
function values(width: number, pairs: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(pairs)) say(` ${name.padEnd(width)}${value}`.trimEnd())
}
