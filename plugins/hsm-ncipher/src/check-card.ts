/** Action `check-card`: one card belongs to its set, and its passphrase opens it. */
import { action, type CommandResult, PluginError, Type } from '@ceremony/engine/plugin'
import { ADMINISTRATOR_CARDS, operatorCards, passphrases } from './card-dialogue.ts'
import { CardNumber, CardSetName, ModuleNumber } from './inputs.ts'
import { haveCardInSlot } from './slot.ts'
import { toolFailed } from './tool.ts'

const closed = { additionalProperties: false }

export const checkCard = action({
  title: 'Check one card and its passphrase',
  input: Type.Object(
    {
      module: ModuleNumber,
      number: CardNumber,
      'card-set': Type.Optional(CardSetName),
      new: Type.Optional(Type.Boolean({ description: 'An administrator card that this ceremony made: asks for the new passphrase' })),
    },
    closed,
  ),
  output: Type.Object(
    {
      kind: Type.Enum(['administrator', 'operator']),
      number: CardNumber,
      card_set: Type.Union([CardSetName, Type.Null()]),
      opens: Type.Literal(true, { description: 'Its passphrase was tried' }),
    },
    closed,
  ),
  readsOnly: true,
  says: (input) => `Have ${nameOf(input)} put in, see that it belongs to this world, and try its passphrase; nothing on it is changed.`,

  async run(input, context) {
    const { module, number, 'card-set': cardSet = null } = input
    const kind: 'administrator' | 'operator' = cardSet === null ? 'administrator' : 'operator'
    const naming = cardSet === null ? ADMINISTRATOR_CARDS : operatorCards(cardSet)
    await haveCardInSlot(context, module, {
      card: nameOf(input),
      details: { kind, number, ...(cardSet === null ? {} : { cardset: cardSet }) },
      fits: (card) => card.number === number && card.cardSet === cardSet,
    })
    const secret = input.new ? `new-${naming.secret}` : naming.secret
    const args = ['--check', '-m', String(module)]
    const checked = await context.command.run({ program: 'cardpp', args, answers: passphrases({ ...naming, secret }) })
    if (checked.exitCode !== 0 || checked.cancelled !== undefined) throw notOpened(nameOf(input), `cardpp ${args.join(' ')}`, checked)
    return { kind, number, card_set: cardSet, opens: true as const }
  },
})

function nameOf({ number, 'card-set': cardSet }: { number: number; 'card-set'?: string }): string {
  return cardSet === undefined ? `administrator card number ${number}` : `operator card number ${number} of \`${cardSet}'`
}

function notOpened(card: string, command: string, result: CommandResult): PluginError {
  if (result.cancelled === undefined && !/wrong passphrase/.test(result.stdout)) return toolFailed(command, result, 'nothing')
  return new PluginError('hsm/card-shut', `The ${card} did not open by its passphrase.`, {
    found: result.cancelled ?? 'wrong passphrases only',
    expected: 'the passphrase that this card was given',
    changed: 'nothing',
    advice: 'Treat the card as lost: see whether the rest still makes up the quorum, and replace its set while it does.',
  })
}
