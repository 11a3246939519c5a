/** cardpp --check: tries the passphrase of the card that is put in, and changes nothing. */
import { describeCard, isAlive } from './card.ts'
import { readModuleKey, requireMode } from './module.ts'
import { readShare } from './read-cards.ts'
import { beginCards, cardInSlot } from './slot.ts'
import { Terminal } from './terminal.ts'
import { checkModule, readArguments, runTool, say } from './tool.ts'
import { ToolError } from './tool-error.ts'
import { openTwin } from './twin.ts'
import { isUsable, readWorld } from './world.ts'

const LOOK_AGAIN_MS = 20

await runTool(async (args) => {
  const { values } = readArguments({
    args: [...args],
    options: { module: { type: 'string', short: 'm' }, check: { type: 'boolean' } },
  })
  checkModule(values.module)
  if (!values.check) throw new ToolError('only looking (--check) is supported', 2)
  const twin = openTwin()
  requireMode(twin, 'operational')
  const world = readWorld(twin)
  if (!world || !isUsable(twin, world)) throw new ToolError('there is no usable security world on module #1')
  const terminal = new Terminal()
  say()
  say('Checking card passphrase:')
  beginCards(twin, true)
  let seen = ''
  for (;;) {
    const card = cardInSlot(twin)
    const words = describeCard(twin, card)
    if (words !== seen) say(` Module 1 slot 0: ${words}`)
    seen = words
    if (card?.contents && isAlive(twin, card.contents)) {
      await readShare(terminal, card.contents, card.contents.kind === 'operator' ? readModuleKey(twin) : new Uint8Array(), 'checking card')
      break
    }
    await terminal.pause(LOOK_AGAIN_MS)
  }
  say('Passphrase is correct.')
  return 0
})
