/** slotinfo: what is in the module's slots; with --format, makes the card in the slot blank. */
import { describeCard, writeCard } from './card.ts'
import { noteEffect } from './effects.ts'
import { cardInSlot, readSlot } from './slot.ts'
import { checkModule, readArguments, runTool, say } from './tool.ts'
import { ToolError } from './tool-error.ts'
import { openTwin } from './twin.ts'

await runTool((args) => {
  const { values } = readArguments({
    args: [...args],
    options: {
      module: { type: 'string', short: 'm' },
      slot: { type: 'string', short: 's' },
      format: { type: 'boolean' },
      ignoreauth: { type: 'boolean' },
    },
  })
  checkModule(values.module)
  if (values.slot !== undefined && values.slot !== '0') throw new ToolError(`module #1 has no card slot #${values.slot}`)
  const twin = openTwin()
  const card = cardInSlot(twin)
  if (values.format) {
    if (values.slot === undefined) throw new ToolError('--format needs -s', 2)
    if (!card) throw new ToolError('there is no card in slot #0')
    // An administrator card of the world in use is not formatted: its world must be left first.
    if (card.contents?.kind === 'administrator' && describeCard(twin, card).startsWith('Admin')) throw new ToolError('AccessDenied')
    writeCard(twin, { ...card, contents: null })
    noteEffect(twin, 'card/format', card.label)
    return 0
  }
  say('Slot Type            Token   IC    Flags   Details')
  say(`#0   Smartcard       ${(card ? 'present' : '-').padEnd(8)}${String(card ? readSlot(twin).insertions : 0).padEnd(6)}A`)
  return 0
})
