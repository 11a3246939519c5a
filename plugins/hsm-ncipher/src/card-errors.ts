/** What is said when a tool that needs cards ended without them. */
import { type CommandResult, PluginError } from '@ceremony/engine/plugin'
import { cardsRead, cardsWritten } from './card-dialogue.ts'
import type { Quorum } from './inputs.ts'
import { toolFailed } from './tool.ts'

/** For new-world and createocs. */
export function cardsNotWritten(command: string, result: CommandResult, { total }: Quorum): PluginError {
  const written = cardsWritten(result)
  const changed = written === 0 ? 'nothing' : `${count(written)} written, for a set that did not come to be; format before other use`
  if (result.cancelled === undefined) return toolFailed(command, result, changed)
  return new PluginError('hsm/cards-missing', `\`${command}\` was stopped: ${result.cancelled}.`, {
    found: `${count(written)} written`,
    expected: `${count(total)}`,
    changed,
    advice: 'Bring the missing blank cards, and format those that were written (slotinfo --format), then resume.',
  })
}

/** For preload. */
export function cardSetNotLoaded(cardSet: string, result: CommandResult, { needed, total }: Quorum): PluginError {
  if (result.cancelled === undefined) return toolFailed(`preload -c ${cardSet}`, result, 'nothing')
  const read = cardsRead(result)
  return new PluginError('hsm/quorum-not-met', `The operator card set \`${cardSet}\` did not open: ${result.cancelled}.`, {
    found: `${count(read)} of \`${cardSet}\` read`,
    expected: `${count(needed)} of the ${total}`,
    changed: 'nothing',
    advice: 'Bring the missing cards and the officers who know their passphrases, then resume.',
  })
}

/** For tools that have a quorum of administrator cards read. */
export function administratorsNotRead(command: string, result: CommandResult, { needed, total }: Quorum): PluginError {
  // A tool that failed by itself may have been beyond reading.
  if (result.cancelled === undefined) return toolFailed(command, result, 'unknown')
  return new PluginError('hsm/quorum-not-met', `The administrator cards did not make up their quorum: ${result.cancelled}.`, {
    found: `${count(cardsRead(result))} read`,
    expected: `${count(needed)} of the ${total}`,
    changed: 'nothing',
    advice: 'Bring the missing cards and the officers who know their passphrases, then resume.',
  })
}

const count = (cards: number): string => `${cards} card${cards === 1 ? '' : 's'}`
