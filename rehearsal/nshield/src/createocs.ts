/** createocs: makes an operator card set, and the token that its cards open. */
import { randomBytes } from 'node:crypto'
import { createCardSet, readCardSets } from './cardset.ts'
import { settleEffects } from './effects.ts'
import { readModuleKey, requireMode } from './module.ts'
import { readShares } from './read-cards.ts'
import { splitSecret } from './secret-split.ts'
import { Terminal } from './terminal.ts'
import { createToken, removeStrayTokens, tokenPin } from './token.ts'
import { checkModule, readArguments, readQuorum, runTool, say } from './tool.ts'
import { ToolError } from './tool-error.ts'
import { openTwin } from './twin.ts'
import { hashOf, isUsable, readWorld } from './world.ts'
import { writeCards } from './write-cards.ts'

await runTool(async (args) => {
  const { values } = readArguments({
    args: [...args],
    options: {
      module: { type: 'string', short: 'm' },
      'ocs-quorum': { type: 'string', short: 'Q' },
      name: { type: 'string', short: 'N' },
      persist: { type: 'boolean', short: 'P', default: false },
    },
  })
  checkModule(values.module)
  const quorum = readQuorum(values['ocs-quorum'])
  const name = values.name ?? ''
  // The name becomes the label of a token, which has room for 32 bytes.
  if (!/^[\x21-\x26\x28-\x5f\x61-\x7e]{1,32}$/.test(name)) throw new ToolError('-N takes a name of 1 to 32 plain characters', 2)

  const twin = openTwin()
  requireMode(twin, 'operational')
  const world = readWorld(twin)
  if (!world || !isUsable(twin, world)) throw new ToolError('there is no usable security world on module #1')
  if (readCardSets(twin).some((set) => set.name === name)) throw new ToolError(`there is a card set named \`${name}' already`)
  removeStrayTokens(twin)

  const terminal = new Terminal()
  const moduleKey = readModuleKey(twin)
  if (world.mode === 'fips-140-level-3') {
    say()
    say('Loading Administrator Card for FIPS authorization:')
    await readShares(twin, terminal, world.hkltnso, 1, new Uint8Array())
  }
  say()
  say('Creating Cardset:')
  const secret = randomBytes(32)
  const hkltu = hashOf(secret, 'hkltu')
  await writeCards(twin, terminal, { kind: 'operator', owner: hkltu, name }, await splitSecret(secret, quorum), moduleKey)
  const token = await createToken(twin, name, tokenPin(secret, moduleKey))
  createCardSet(twin, { name, hkltu, quorum, persistent: values.persist, created: new Date().toISOString(), token })
  settleEffects(twin)
  say()
  say(`cardset created; hkltu = ${hkltu}`)
  return 0
})
