/** new-world: makes a security world and its administrator cards, or brings the world on this host into a module. */
import { randomBytes } from 'node:crypto'
import { settleEffects } from './effects.ts'
import { type Module, requireMode } from './module.ts'
import { readWorldKey } from './read-cards.ts'
import { splitSecret } from './secret-split.ts'
import { Terminal } from './terminal.ts'
import { checkModule, readArguments, readQuorum, runTool, say } from './tool.ts'
import { ToolError } from './tool-error.ts'
import { openTwin, type Twin } from './twin.ts'
import { createWorld, hashOf, programModule, readWorld } from './world.ts'
import { writeCards } from './write-cards.ts'

const CIPHER_SUITES = ['DLf3072s256mAEScSP800131Ar1', 'DLf3072s256mRijndael', 'DLf1024s160mRijndael']
const MODES = ['unrestricted', 'fips-140-level-3'] as const

await runTool(async (args) => {
  const { values } = readArguments({
    args: [...args],
    options: {
      initialize: { type: 'boolean', short: 'i' },
      program: { type: 'boolean', short: 'l' },
      module: { type: 'string', short: 'm' },
      'acs-quorum': { type: 'string', short: 'Q' },
      'cipher-suite': { type: 'string', short: 'c' },
      mode: { type: 'string' },
    },
  })
  checkModule(values.module)
  if (values.initialize === values.program) throw new ToolError('one of -i (a new world) and -l (the world on this host) is needed', 2)
  const twin = openTwin()
  if (values.program) {
    if (values['acs-quorum'] ?? values['cipher-suite'] ?? values.mode) throw new ToolError('-Q, -c and --mode are for a new world', 2)
    return program(twin, requireMode(twin, 'initialization'))
  }
  const quorum = readQuorum(values['acs-quorum'])
  const cipherSuite = values['cipher-suite'] ?? CIPHER_SUITES[0]!
  const mode = MODES.find((known) => known === (values.mode ?? MODES[0]))
  if (!CIPHER_SUITES.includes(cipherSuite))
    throw new ToolError(`unknown cipher suite ${cipherSuite}; known: ${CIPHER_SUITES.join(', ')}`, 2)
  if (!mode) throw new ToolError(`unknown mode ${values.mode}; known: ${MODES.join(', ')}`, 2)
  return initialize(twin, requireMode(twin, 'initialization'), { quorum, cipherSuite, mode })
})

async function initialize(twin: Twin, { esn }: Module, about: Omit<Parameters<typeof createWorld>[4], 'created'>): Promise<number> {
  if (readWorld(twin)) throw new ToolError(`a security world is in ${twin.keyData}; it is not replaced while its files are there`)
  const terminal = new Terminal()
  say()
  say('Create Security World:')
  const key = randomBytes(32)
  const secret = randomBytes(32)
  const owner = { kind: 'administrator', owner: hashOf(secret, 'hkltnso'), name: '' } as const
  await writeCards(twin, terminal, owner, await splitSecret(secret, about.quorum), new Uint8Array())
  const world = createWorld(twin, esn, key, secret, { ...about, created: new Date().toISOString() })
  settleEffects(twin)
  say()
  say(`security world generated on module #1; hknso = ${world.hknso}`)
  return 0
}

async function program(twin: Twin, { esn }: Module): Promise<number> {
  const world = readWorld(twin)
  if (!world) throw new ToolError('no existing world to load')
  const terminal = new Terminal()
  say()
  say('Load Security World:')
  programModule(twin, esn, world, await readWorldKey(twin, terminal, world))
  settleEffects(twin)
  say()
  say(`security world loaded on module #1; hknso = ${world.hknso}`)
  return 0
}
