/** The card in the reader: what it is, by `nfkminfo`, and having the right one put in. */
import { type Answer, type Context, PluginError } from '@ceremony/engine/plugin'
import { ask, unknownOutput } from './tool.ts'

/** What `nfkminfo` calls the card in the slot. */
export interface SlotCard {
  readonly state: 'Empty' | 'Blank' | 'Admin' | 'Operator' | 'Unidentified'
  /** The card's number in its set; null where it is of no set that this world knows. */
  readonly number: number | null
  /** For an operator card. */
  readonly cardSet: string | null
}

/** Which card is wanted in the slot. */
interface Wanted {
  /** For people: "administrator card number 2". */
  readonly card: string
  /** For whoever puts it in. */
  readonly details: Readonly<Record<string, string | number>>
  readonly fits: (card: SlotCard) => boolean
}

const KNOWN = /^(Empty|Blank|Admin|Operator|Unidentified)$/
/** So many cards may be tried before it is given up. */
const TRIES = 20

/**
 * @param output of `nfkminfo`
 * @throws PluginError `hsm/unknown-output`
 */
export function readSlotCard(output: string, module: number): SlotCard {
  const header = new RegExp(`^Module #${module} Slot #0 IC \\d+$`)
  const lines = output.split(/\r?\n/)
  const start = lines.findIndex((line) => header.test(line))
  if (start === -1) throw unknownOutput('nfkminfo', `a section \`Module #${module} Slot #0 IC …\``, output.slice(0, 200))
  const until = lines.findIndex((line, index) => index > start && /^(Module #|No Pre-Loaded|Pre-Loaded)/.test(line))
  const section = lines.slice(start + 1, until === -1 ? undefined : until)
  const value = (name: string, pattern: RegExp): string => {
    const found = section.filter((line) => line.startsWith(` ${name} `)).map((line) => line.slice(name.length + 2).trim())
    if (found.length !== 1 || !pattern.test(found[0]!))
      throw unknownOutput('nfkminfo', `one \`${name}\` of the slot like ${pattern.source}`, found.join('; '))
    return found[0]!
  }
  const state = value('state', /^0x[0-9a-f]+ \S+$/).split(' ')[1]!
  if (!KNOWN.test(state)) throw unknownOutput('nfkminfo', `a state of the slot like ${KNOWN.source}`, state)
  const number = Number(value('shareno', /^\d{1,3}$/))
  return {
    state: state as SlotCard['state'],
    number: state === 'Admin' || state === 'Operator' ? number : null,
    cardSet: state === 'Operator' ? value('name', /^".*"$/).slice(1, -1) : null,
  }
}

/** @returns the card that is in the slot now @throws PluginError `hsm/tool-failed`, `hsm/unknown-output` */
export async function cardInSlot(context: Context, module: number): Promise<SlotCard> {
  return readSlotCard(await ask(context, 'nfkminfo'), module)
}

/**
 * Has cards taken out and put in until the wanted one is in the slot.
 * @throws PluginError `hsm/card-missing` when nobody can put it in
 */
export async function haveCardInSlot(context: Context, module: number, wanted: Wanted): Promise<SlotCard> {
  for (let turn = 1; ; turn++) {
    const card = await cardInSlot(context, module)
    if (wanted.fits(card)) return card
    const cancelled = turn > TRIES ? `${TRIES} times another card was put in` : await change(context, module, card, wanted)
    if (cancelled !== undefined) {
      throw new PluginError('hsm/card-missing', `The ${wanted.card} is not in the reader: ${cancelled}.`, {
        found: inWords(card),
        expected: wanted.card,
        changed: 'nothing',
        advice: 'Bring that card, then resume. If it is lost, record it and replace its set.',
      })
    }
  }
}

/** Only who sees the slot's state can be asked to change it. @returns why it cannot be done, if so */
async function change(context: Context, module: number, card: SlotCard, { card: name, details }: Wanted): Promise<string | undefined> {
  const give: Answer['give'] =
    card.state === 'Empty'
      ? { hands: 'insert-card', ask: `Put the ${name} into slot 0`, details: { slot: 0, ...details } }
      : { hands: 'remove-card', ask: `Take the card out of slot 0 (${inWords(card)})`, details: { slot: 0, card: inWords(card) } }
  const shown = await context.command.run({
    program: 'nfkminfo',
    args: [],
    answers: [{ when: `^Module #${module} Slot #0 IC \\d+`, give }],
  })
  return shown.cancelled
}

/** @returns the card in words */
export function inWords({ state, number, cardSet }: SlotCard): string {
  switch (state) {
    case 'Empty':
      return 'no card'
    case 'Blank':
      return 'a blank card'
    case 'Unidentified':
      return 'a card of no set that this world knows'
    case 'Admin':
      return `administrator card number ${number}`
    case 'Operator':
      return `operator card of \`${cardSet}' number ${number}`
  }
}
