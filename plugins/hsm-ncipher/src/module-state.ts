/** Action `module-state`: what the module and its security world are at the moment. */
import { action, Type } from '@ceremony/engine/plugin'
import { enquire } from './enquiry.ts'
import { Hash, ModuleNumber, QuorumText } from './inputs.ts'
import { readCardSetList, readWorldInfo } from './nfkminfo.ts'

const closed = { additionalProperties: false }
const OrNull = <T extends typeof Hash | typeof QuorumText>(schema: T) => Type.Union([schema, Type.Null()])

export const moduleState = action({
  title: 'Read the state of the HSM',
  input: Type.Object({ module: ModuleNumber }, closed),
  output: Type.Object(
    {
      esn: Type.String({ description: 'Electronic serial number' }),
      mode: Type.Enum(['operational', 'initialization', 'maintenance']),
      firmware: Type.String(),
      software: Type.String(),
      world: Type.Object(
        {
          state: Type.Enum(['none', 'usable', 'unusable']),
          hknso: OrNull(Hash),
          quorum: OrNull(QuorumText),
          fips_level_3: Type.Boolean(),
        },
        closed,
      ),
      card_sets: Type.Array(Type.Object({ name: Type.String(), hkltu: Hash, quorum: QuorumText }, closed)),
    },
    closed,
  ),
  readsOnly: true,
  says: ({ module }) => `Read the mode of module ${module}, its versions, its security world and its card sets.`,
  async run({ module }, context) {
    const enquiry = await enquire(context, module)
    const world = await readWorldInfo(context)
    return { ...enquiry, world, card_sets: world.state === 'none' ? [] : await readCardSetList(context) }
  },
})
