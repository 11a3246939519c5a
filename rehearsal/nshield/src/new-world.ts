/** new-world: makes a security world and its administrator cards. */
import { randomBytes } from 'node:crypto'
import { settleEffects } from './effects.ts'
import { requireMode } from './module.ts'
import { splitSecret } from './secret-split.ts'
import { Terminal } from './terminal.ts'
import { checkModule, readArguments, readQuorum, runTool, say } from './tool.ts'
import { ToolError } from './tool-error.ts'
import { openTwin } from './twin.ts'
import { createWorld, hashOf, readWorld } from './world.ts'
import { writeCards } from './write-cards.ts'

const CIPHER_SUITES = ['DLf3072s256mAEScSP800131Ar1', 'DLf3072s256mRijndael', 'DLf1024s160mRijndael']
const MODES = ['unrestricted', 'fips-140-level-3'] as const

await runTool(async (args) => {
  const { values } = readArguments({
    args: [...args],
    options: {
      initialize: { type: 'boolean', short: 'i' },
      module: { type: 'string', short: 'm' },
      'acs-quorum': { type: 'string', short: 'Q' },
      'cipher-suite': { type: 'string', short: 'c', default: CIPHER_SUITES[0]! },
      mode: { type: 'string', default: 'unrestricted' },
    },
  })
  checkModule(values.module)
  const quorum = readQuorum(values['acs-quorum'])
  const cipherSuite = values['cipher-suite']
  const mode = MODES.find((known) => known === values.mode)
  if (!values.initialize) throw new ToolError('only making a new world (-i) is supported', 2)
  if (!CIPHER_SUITES.includes(cipherSuite))
    throw new ToolError(`unknown cipher suite ${cipherSuite}; known: ${CIPHER_SUITES.join(', ')}`, 2)
  if (!mode) throw new ToolError(`unknown mode ${values.mode}; known: ${MODES.join(', ')}`, 2)

  const twin = openTwin()
  const { esn } = requireMode(twin, 'initialization')
  if (readWorld(twin)) throw new ToolError(`a security world is in ${twin.keyData}; it is not replaced while its files are there`)
  const terminal = new Terminal()
  say()
  say('Create Security World:')
  const key = randomBytes(32)
  const owner = { kind: 'administrator', owner: hashOf(key, 'hknso'), name: '' } as const
  await writeCards(twin, terminal, owner, await splitSecret(key, quorum), new Uint8Array())
  const world = createWorld(twin, esn, key, { quorum, cipherSuite, mode, created: new Date().toISOString() })
  settleEffects(twin)
  say()
  say(`security world generated on module #1; hknso = ${world.hknso}`)
  return 0
})
