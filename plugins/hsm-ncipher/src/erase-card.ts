/** Action `erase-card`: makes a card blank that is of no set in force any more. */
import { action, PluginError, Type } from '@ceremony/engine/plugin'
import { CardNumber, ModuleNumber } from './inputs.ts'
import { cardInSlot, haveCardInSlot, inWords } from './slot.ts'
import { ask } from './tool.ts'

const closed = { additionalProperties: false }

export const eraseCard = action({
  title: 'Erase a retired administrator card',
  input: Type.Object({ module: ModuleNumber, number: CardNumber }, closed),
  output: Type.Object({ number: CardNumber, state: Type.Literal('blank') }, closed),
  says: ({ number }) =>
    `Erase the retired administrator card that carries the number ${number}: what is on it is gone for good, and it no longer opens old backups. ` +
    'A card of a set in force is refused.',

  async run({ module, number }, context) {
    await haveCardInSlot(context, module, {
      card: `retired administrator card number ${number}`,
      details: { kind: 'retired-administrator', number },
      fits: ({ state }) => state === 'Unidentified',
    })
    await ask(context, 'slotinfo', '--format', '-m', String(module), '-s', '0')
    const after = await cardInSlot(context, module)
    if (after.state === 'Blank') return { number, state: 'blank' as const }
    throw new PluginError('hsm/card-not-erased', 'The card is not blank after it was erased.', {
      found: inWords(after),
      expected: 'a blank card',
      changed: 'unknown',
      advice: 'Destroy the card physically and record it.',
    })
  },

  async reconcile({ module, number }, context) {
    const card = await cardInSlot(context, module)
    const facts = `in the slot is ${inWords(card)}`
    if (card.state === 'Blank') return { verdict: 'done', outputs: { number, state: 'blank' as const }, facts }
    return card.state === 'Unidentified' ? { verdict: 'not-done', facts } : { verdict: 'unknown', facts }
  },
})
