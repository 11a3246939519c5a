/** Action `replace-administrator-cards`: a new set of administrator cards for the same world, with the same quorum. */
import { action, type Context, PluginError, Type } from '@ceremony/engine/plugin'
import { whileReplacingAdministrators } from './card-dialogue.ts'
import { administratorsNotRead, cardsNotWritten } from './card-errors.ts'
import { Hash, ModuleNumber, QuorumText, readQuorum } from './inputs.ts'
import { bringIntoMode } from './mode.ts'
import { readWorldInfo } from './nfkminfo.ts'
import { haveCardInSlot } from './slot.ts'

const closed = { additionalProperties: false }

export const replaceAdministratorCards = action({
  title: 'Replace the administrator cards',
  input: Type.Object({ module: ModuleNumber, hknso: Hash }, closed),
  output: Type.Object({ hknso: Hash, quorum: QuorumText, cards: Type.Integer({ minimum: 1 }) }, closed),
  says: ({ module, hknso }) =>
    `Replace all administrator cards of the security world ${hknso.slice(0, 12)}… on module ${module} by new ones, authorised by a quorum of ` +
    'those in force. The cards replaced control this world no longer, but still open older backups of its world file.',

  async run({ module, hknso }, context) {
    const quorum = await quorumOf(context, hknso)
    await bringIntoMode(context, module, 'operational')
    const card = 'administrator card that is in force'
    await haveCardInSlot(context, module, { card, details: { kind: 'administrator' }, fits: ({ state }) => state === 'Admin' })
    const args = ['-m', String(module)]
    const made = await context.command.run({ program: 'racs', args, answers: whileReplacingAdministrators() })
    if (made.exitCode !== 0 || made.cancelled !== undefined) {
      const wrote = /cards? of \d+ written/.test(made.stdout)
      throw (wrote ? cardsNotWritten : administratorsNotRead)(`racs ${args.join(' ')}`, made, readQuorum(quorum))
    }
    const after = await quorumOf(context, hknso)
    if (after !== quorum) throw otherWorld(`quorum ${after}`, `quorum ${quorum}`, 'the administrator cards were replaced')
    return { hknso, quorum, cards: readQuorum(quorum).total }
  },

  async reconcile({ hknso }, context) {
    await quorumOf(context, hknso)
    return {
      verdict: 'not-done',
      facts:
        'nfkminfo does not tell which set of administrator cards is in force. Running it again is safe: the tool takes the set that is, ' +
        'old or new, and replaces it; cards written before then are void.',
    }
  },
})

/** @throws PluginError `hsm/other-world` unless that world is there and usable */
async function quorumOf(context: Context, hknso: string): Promise<string> {
  const world = await readWorldInfo(context)
  if (world.state === 'usable' && world.hknso === hknso && world.quorum !== null) return world.quorum
  throw otherWorld(`a world that is ${world.state}, hknso ${world.hknso}`, `a usable world with hknso ${hknso}`, 'nothing')
}

function otherWorld(found: string, expected: string, changed: string): PluginError {
  return new PluginError('hsm/other-world', 'The module does not hold the security world whose cards are to be replaced.', {
    found,
    expected,
    changed,
    advice: 'Find out with `nfkminfo` which world this is; use the key management data and the module of the right one.',
  })
}
