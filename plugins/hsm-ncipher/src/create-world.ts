/** Action `create-world`: a new security world and its administrator cards. */
import { action, afterEffect, type Context, PluginError, Type } from '@ceremony/engine/plugin'
import { ADMINISTRATOR_CARDS, whileWriting } from './card-dialogue.ts'
import { cardsNotWritten } from './card-errors.ts'
import { enquire } from './enquiry.ts'
import { Hash, ModuleNumber, QuorumText, readQuorum } from './inputs.ts'
import { bringIntoMode } from './mode.ts'
import { readWorldInfo, type World } from './nfkminfo.ts'
import { unknownOutput } from './tool.ts'

const closed = { additionalProperties: false }

interface Wanted {
  readonly module: number
  readonly 'acs-quorum': string
  readonly 'fips-level-3'?: boolean
}

export const createWorld = action({
  title: 'Create the security world and its administrator cards',
  input: Type.Object(
    {
      module: ModuleNumber,
      'acs-quorum': QuorumText,
      'cipher-suite': Type.Optional(Type.String({ pattern: '^DLf[A-Za-z0-9]{1,60}$' })),
      'fips-level-3': Type.Optional(Type.Boolean()),
    },
    closed,
  ),
  output: Type.Object({ hknso: Hash, quorum: QuorumText, cards: Type.Integer({ minimum: 1 }), esn: Type.String() }, closed),
  says(input) {
    const { needed, total } = readQuorum(input['acs-quorum'])
    const strict = input['fips-level-3'] ? ', under FIPS 140 level 3,' : ''
    return `Make a new security world${strict} on module ${input.module}, with ${total} administrator cards of which ${needed} control it.`
  },

  async run(input, context) {
    const { module } = input
    const quorum = readQuorum(input['acs-quorum'])
    refuseToReplace(await readWorldInfo(context))
    await bringIntoMode(context, module, 'initialization')

    const args = ['-i', '-m', String(module), '-Q', input['acs-quorum']]
    if (input['cipher-suite']) args.push('-c', input['cipher-suite'])
    if (input['fips-level-3']) args.push('--mode=fips-140-level-3')
    const made = await context.command.run({ program: 'new-world', args, answers: whileWriting(ADMINISTRATOR_CARDS) })
    if (made.exitCode !== 0 || made.cancelled !== undefined) throw cardsNotWritten(`new-world ${args.join(' ')}`, made, quorum)
    return afterEffect('a security world was made', () => lookAtWorld(input, made.stdout, context))
  },

  async reconcile(input, context) {
    const world = await readWorldInfo(context)
    if (world.state === 'none') return { verdict: 'not-done', facts: 'nfkminfo shows no security world' }
    if (world.quorum !== input['acs-quorum'] || world.fips_level_3 !== (input['fips-level-3'] ?? false)) {
      return { verdict: 'unknown', facts: `nfkminfo shows another security world: hknso ${world.hknso}, quorum ${world.quorum}` }
    }
    const outputs = { ...(await describeWorld(input, { ...world, state: 'usable' }, context)) }
    return { verdict: 'done', outputs, facts: `nfkminfo shows a security world with hknso ${world.hknso} and quorum ${world.quorum}` }
  },
})

/** @param printed by new-world */
async function lookAtWorld(input: Wanted, printed: string, context: Context) {
  const hknso = /^security world generated on module #\d+; hknso = ([0-9a-f]{40})\r?$/m.exec(printed)?.[1]
  if (!hknso) throw unknownOutput('new-world', '`security world generated on module #…; hknso = …`', printed.slice(-200))

  await bringIntoMode(context, input.module, 'operational')
  const outputs = await describeWorld(input, await readWorldInfo(context), context)
  if (outputs.hknso !== hknso) throw mismatch(`hknso ${outputs.hknso}`, `hknso ${hknso}, as new-world printed it`)
  return outputs
}

function refuseToReplace(world: World): void {
  if (world.state === 'none') return
  throw new PluginError('hsm/world-exists', 'There is a security world already; this plugin never replaces one.', {
    found: `a world that is ${world.state}, hknso ${world.hknso}, quorum ${world.quorum}`,
    expected: 'a module and a host without a security world',
    changed: 'nothing',
    advice: 'Make sure that nobody needs that world. Only then move its files away and clear the module by hand.',
  })
}

/** @throws PluginError `hsm/world-mismatch` when the world is not the one that was asked for */
async function describeWorld(input: Wanted, world: World, context: Context) {
  const quorum = input['acs-quorum']
  if (world.state !== 'usable' || world.hknso === null) throw mismatch(`a world that is ${world.state}`, 'a usable world')
  if (world.quorum !== quorum) throw mismatch(`quorum ${world.quorum}`, `quorum ${quorum}`)
  if (world.fips_level_3 !== (input['fips-level-3'] ?? false)) {
    throw mismatch(`FIPS 140 level 3: ${world.fips_level_3}`, `FIPS 140 level 3: ${!world.fips_level_3}`)
  }
  const { esn } = await enquire(context, input.module)
  return { hknso: world.hknso, quorum, cards: readQuorum(quorum).total, esn }
}

function mismatch(found: string, expected: string): PluginError {
  return new PluginError('hsm/world-mismatch', 'The security world is not the one that was asked for.', {
    found,
    expected,
    changed: 'a security world was made',
    advice: 'Stop. Find out with `nfkminfo` which world the module holds and who made it.',
  })
}
