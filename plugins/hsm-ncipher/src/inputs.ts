/** What the values in this plugin's inputs and outputs look like. */
import { PluginError, Type } from '@ceremony/engine/plugin'

export const ModuleNumber = Type.Integer({ minimum: 1, maximum: 99, description: 'Number of the module, as the tools’ -m takes it' })

export const QuorumText = Type.String({ pattern: '^[1-9][0-9]?/[1-9][0-9]?$', description: 'Cards needed / cards made, such as 2/3' })

export const CardNumber = Type.Integer({ minimum: 1, maximum: 64, description: 'Number of the card in its set, as it is written on it' })

/** It becomes a token's label, which has room for 32 bytes, and part of a secret's name. */
export const CardSetName = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$', description: 'Name of the operator card set' })

export const KeyLabel = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9-]{0,63}$', description: 'Label of the key in the HSM' })

export const Hash = Type.String({ pattern: '^[0-9a-f]{40}$' })

export const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })

export const Base64Url = Type.String({ pattern: '^[A-Za-z0-9_-]+$', maxLength: 2048 })

/** A key in the HSM, as later steps name it. */
export const KeyRef = Type.Object(
  {
    label: KeyLabel,
    id: Type.String({ pattern: '^([0-9a-f]{2}){1,64}$', description: 'CKA_ID in hex' }),
    card_set: CardSetName,
  },
  { additionalProperties: false },
)

export interface Quorum {
  readonly needed: number
  readonly total: number
}

/** @throws PluginError `hsm/quorum` when more cards are needed than made */
export function readQuorum(text: string): Quorum {
  const [needed, total] = text.split('/').map(Number) as [number, number]
  if (needed <= total) return { needed, total }
  throw new PluginError('hsm/quorum', `The quorum ${text} can never be met.`, {
    found: `${needed} cards needed, ${total} cards made`,
    expected: 'K/N with K not greater than N',
    changed: 'nothing',
    advice: 'Correct the quorum in the parameters of the ceremony.',
  })
}
