/** racs: replaces all administrator cards of the world by new ones, with the same quorum. */
import { randomBytes } from 'node:crypto'
import { noteEffect, settleEffects } from './effects.ts'
import { requireMode } from './module.ts'
import { readWorldKey } from './read-cards.ts'
import { splitSecret } from './secret-split.ts'
import { Terminal } from './terminal.ts'
import { checkModule, readArguments, runTool, say } from './tool.ts'
import { ToolError } from './tool-error.ts'
import { openTwin } from './twin.ts'
import { hashOf, isUsable, readWorld, replaceSecret } from './world.ts'
import { writeCards } from './write-cards.ts'

await runTool(async (args) => {
  const { values } = readArguments({ args: [...args], options: { module: { type: 'string', short: 'm' } } })
  checkModule(values.module)
  const twin = openTwin()
  settleEffects(twin)
  requireMode(twin, 'operational')
  const world = readWorld(twin)
  if (!world || !isUsable(twin, world)) throw new ToolError('there is no usable security world on module #1')
  const terminal = new Terminal()
  say()
  say('Loading Administrator Cards:')
  const key = await readWorldKey(twin, terminal, world)
  say()
  say('Replacing Administrator Card Set:')
  const secret = randomBytes(32)
  const owner = { kind: 'administrator', owner: hashOf(secret, 'hkltnso'), name: '' } as const
  await writeCards(twin, terminal, owner, await splitSecret(secret, world.quorum), new Uint8Array())
  replaceSecret(twin, world, key, secret)
  noteEffect(twin, 'administrator-cards/replace', 'module 1')
  say()
  say(`administrator card set replaced; hknso = ${world.hknso}`)
  return 0
})
