/** Action `load-world`: brings the security world that is on this host into a module, by a quorum of its administrator cards. */
import { action, afterEffect, type Context, PluginError, Type } from '@ceremony/engine/plugin'
import { whileReadingAdministrators } from './card-dialogue.ts'
import { administratorsNotRead } from './card-errors.ts'
import { enquire } from './enquiry.ts'
import { Hash, ModuleNumber, QuorumText, readQuorum } from './inputs.ts'
import { bringIntoMode } from './mode.ts'
import { readWorldInfo, type World } from './nfkminfo.ts'

const closed = { additionalProperties: false }

export const loadWorld = action({
  title: 'Bring a security world into a module',
  input: Type.Object({ module: ModuleNumber, hknso: Hash }, closed),
  output: Type.Object({ hknso: Hash, quorum: QuorumText, esn: Type.String() }, closed),
  says: ({ module, hknso }) =>
    `Bring the security world ${hknso.slice(0, 12)}…, whose key management data is on this host, into module ${module}, by a quorum of its ` +
    'administrator cards. What the module holds of another world is erased.',

  async run({ module, hknso }, context) {
    const { quorum } = requireWorld(await readWorldInfo(context), hknso)
    await bringIntoMode(context, module, 'initialization')
    const args = ['--program', `--module=${module}`]
    const loaded = await context.command.run({ program: 'new-world', args, answers: whileReadingAdministrators() })
    if (loaded.exitCode !== 0 || loaded.cancelled !== undefined)
      throw administratorsNotRead(`new-world ${args.join(' ')}`, loaded, readQuorum(quorum))
    return afterEffect('the module was programmed', () => lookAtModule(module, hknso, context))
  },

  async reconcile({ module, hknso }, context) {
    const world = await readWorldInfo(context)
    const facts = `nfkminfo shows a world that is ${world.state}, hknso ${world.hknso}`
    if (world.hknso !== hknso || world.quorum === null) return { verdict: 'unknown', facts }
    if (world.state !== 'usable') return { verdict: 'not-done', facts }
    if ((await enquire(context, module)).mode !== 'operational') return { verdict: 'not-done', facts: `${facts}; not in operational mode` }
    return { verdict: 'done', outputs: await describe(context, module, { hknso, quorum: world.quorum }), facts }
  },
})

async function lookAtModule(module: number, hknso: string, context: Context) {
  await bringIntoMode(context, module, 'operational')
  const world = requireWorld(await readWorldInfo(context), hknso)
  if (world.state !== 'usable') {
    throw new PluginError('hsm/world-unusable', 'The module was programmed, but the security world is not usable on it.', {
      found: `a world that is ${world.state}`,
      expected: 'a usable world',
      changed: 'nothing',
      advice: 'Look at the module with `nfkminfo`; check that the key management data is complete.',
    })
  }
  return describe(context, module, world)
}

/** @throws PluginError `hsm/no-world-file`, `hsm/other-world` */
function requireWorld({ state, hknso, quorum }: World, wanted: string) {
  if (state !== 'none' && hknso === wanted && quorum !== null) return { state, hknso, quorum }
  const none = state === 'none'
  const message = none ? 'The key management data of the security world is not on this host.' : 'Another security world is on this host.'
  throw new PluginError(none ? 'hsm/no-world-file' : 'hsm/other-world', message, {
    found: none ? 'no world' : `hknso ${hknso}`,
    expected: `the world with hknso ${wanted}`,
    changed: 'nothing',
    advice: 'Copy the folder `kmdata/local` from the backup of that world to this host, then resume.',
  })
}

async function describe(context: Context, module: number, { hknso, quorum }: { hknso: string; quorum: string }) {
  return { hknso, quorum, esn: (await enquire(context, module)).esn }
}
