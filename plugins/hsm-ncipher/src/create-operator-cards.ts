/** Action `create-operator-cards`: a card set that protects keys. */
import { action, afterEffect, type Context, PluginError, Type } from '@ceremony/engine/plugin'
import { operatorCards, whileWriting, whileWritingAuthorized } from './card-dialogue.ts'
import { cardsNotWritten } from './card-errors.ts'
import { CardSetName, Hash, ModuleNumber, QuorumText, readQuorum } from './inputs.ts'
import { bringIntoMode } from './mode.ts'
import { type CardSet, readCardSetList, readWorldInfo } from './nfkminfo.ts'
import { unknownOutput } from './tool.ts'

const closed = { additionalProperties: false }

export const createOperatorCards = action({
  title: 'Create an operator card set',
  input: Type.Object({ module: ModuleNumber, name: CardSetName, quorum: QuorumText, persistent: Type.Optional(Type.Boolean()) }, closed),
  output: Type.Object({ name: CardSetName, hkltu: Hash, quorum: QuorumText, cards: Type.Integer({ minimum: 1 }) }, closed),
  says({ name, quorum }) {
    const { needed, total } = readQuorum(quorum)
    return `Make the operator card set \`${name}\`: ${total} cards, of which ${needed} open the keys that it will protect.`
  },

  async run({ module, name, quorum, persistent = false }, context) {
    await bringIntoMode(context, module, 'operational')
    const { fips_level_3 } = await readWorldInfo(context)
    const present = (await readCardSetList(context)).find((set) => set.name === name)
    if (present) throw exists(present)
    const args = ['-m', String(module), '-Q', quorum, '-N', name, ...(persistent ? ['-P'] : [])]
    const answers = (fips_level_3 ? whileWritingAuthorized : whileWriting)(operatorCards(name))
    const made = await context.command.run({ program: 'createocs', args, answers })
    if (made.exitCode !== 0 || made.cancelled !== undefined) throw cardsNotWritten(`createocs ${args.join(' ')}`, made, readQuorum(quorum))
    const hkltu = await afterEffect(`the card set \`${name}\` was made`, () => lookAtCardSet(name, quorum, made.stdout, context))
    return { name, hkltu, quorum, cards: readQuorum(quorum).total }
  },

  async reconcile({ name, quorum }, context) {
    const sets = (await readCardSetList(context)).filter((set) => set.name === name)
    const [set] = sets
    if (!set) return { verdict: 'not-done', facts: `nfkminfo lists no card set \`${name}\`` }
    if (sets.length > 1 || set.quorum !== quorum) {
      return {
        verdict: 'unknown',
        facts: `nfkminfo lists ${sets.map((other) => `${other.name} ${other.quorum} ${other.hkltu}`).join('; ')}`,
      }
    }
    const outputs = { name, hkltu: set.hkltu, quorum, cards: readQuorum(quorum).total }
    return { verdict: 'done', outputs, facts: `nfkminfo lists the card set \`${name}\`, ${quorum}, hkltu ${set.hkltu}` }
  },
})

/** @param printed by createocs */
async function lookAtCardSet(name: string, quorum: string, printed: string, context: Context): Promise<string> {
  const hkltu = /^cardset created; hkltu = ([0-9a-f]{40})\r?$/m.exec(printed)?.[1]
  if (!hkltu) throw unknownOutput('createocs', '`cardset created; hkltu = …`', printed.slice(-200))
  const listed = (await readCardSetList(context)).find((set) => set.hkltu === hkltu)
  if (listed?.name !== name || listed.quorum !== quorum) {
    throw unknownOutput('nfkminfo -c', `the new card set: ${hkltu} ${quorum} ${name}`, listed ? Object.values(listed).join(' ') : '')
  }
  return hkltu
}

function exists({ name, hkltu, quorum }: CardSet): PluginError {
  return new PluginError('hsm/card-set-exists', `There is a card set named \`${name}\` already.`, {
    found: `${name}, ${quorum}, hkltu ${hkltu}`,
    expected: `no card set of that name`,
    changed: 'nothing',
    advice: 'Choose another name, or use the card set that is there.',
  })
}
