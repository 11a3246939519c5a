/** Who signed: whether the signatures can be believed, and whether they make up the quorum that the runbook demands. */
import type { Quorum } from '../../runbook/model.ts'
import type { OfficerIdentity } from '../../transcript/entry.ts'
import type { Plan } from './about.ts'
import { listed } from './text.ts'
import type { Turn } from './turn.ts'

/** @returns whether the entry can be believed enough to look at what it says */
export function signatureRules({ entry, keyids, line, keys, standing, report }: Turn): boolean {
  const opened = entry.kind === 'opened' ? (standing.opened ?? entry) : standing.opened
  const own = opened && Object.hasOwn(opened.stations, entry.station) ? opened.stations[entry.station]!.keyid : undefined
  let believed = true
  const fault = (rule: string, found: string, expected: string): void => {
    believed = false
    report(rule, found, expected)
  }
  for (const [index, keyid] of keyids.entries()) {
    const which = `signature ${index + 1} by ${keyid}`
    if (keyids.indexOf(keyid) < index) fault('signature/twice', `two signatures by ${keyid}`, 'one signature by each key')
    if (!keys.has(keyid)) fault('signature/unknown-key', keyid, 'a key that `opened` names')
    else if (!line.signatures[index]) fault('signature/valid', which, 'a good signature')
    else if (index === 0 && keyid !== own)
      fault('signature/station', which, `station ${entry.station} first, ${own ?? 'which `opened` does not name'}`)
    else if (index > 0 && !opened?.officers.some((officer) => officer.keyid === keyid))
      fault('signature/officer', which, 'signatures of officers behind that of the station')
  }
  return believed
}

/** @returns the officers whose signatures the entry bears */
export function officersWho({ entry, keyids, standing }: Turn): OfficerIdentity[] {
  const officers = entry.kind === 'opened' ? entry.officers : (standing.opened?.officers ?? [])
  return officers.filter(({ keyid }) => keyids.includes(keyid))
}

export function everyoneSigned(turn: Turn): void {
  const { entry, keyids, standing, report } = turn
  const officers = entry.kind === 'opened' ? entry.officers : (standing.opened?.officers ?? [])
  const missing = officers.filter(({ keyid }) => !keyids.includes(keyid)).map(({ name }) => name)
  if (missing.length > 0) report('quorum/everyone', `not signed by ${listed(missing)}`, 'the signatures of all officers')
}

/** @returns the quorum that must come together for a ceremony at all: it may end it, and settle what nobody else has to authorise */
export function presenceQuorum({ roles }: Pick<Plan, 'roles'>): Quorum {
  return Object.fromEntries(Object.entries(roles).map(([role, { atLeast }]) => [role, atLeast]))
}

export function quorumSigned(turn: Turn, quorum: Quorum, which: 'before' | 'after'): void {
  const signers = officersWho(turn)
  if (isQuorum(signers, quorum)) return
  const found = signers.map(({ name, roles }) => `${name} (${roles.join(', ')})`).join('; ') || 'no officer'
  const expected = Object.entries(quorum).map(([role, count]) => `${count} distinct people as ${role}`)
  const stranger = signers.some(({ roles }) => !roles.some((role) => Object.hasOwn(quorum, role)))
  turn.report(stranger ? 'signer/role' : 'quorum/distinct', `signed by ${found}`, `\`sign-off.${which}\`: ${listed(expected)}`)
}

/** @returns whether every seat can be given to somebody of that role, nobody sitting on two (Kuhn's matching) */
export function isQuorum(people: readonly { readonly name: string; readonly roles: readonly string[] }[], quorum: Quorum): boolean {
  const seats = Object.entries(quorum).flatMap(([role, count]) => Array.from({ length: Math.min(count, people.length + 1) }, () => role))
  const taken = new Map<string, number>()
  const seat = (index: number, asked: Set<string>): boolean =>
    people.some(({ name, roles }) => {
      if (!roles.includes(seats[index]!) || asked.has(name)) return false
      asked.add(name)
      const other = taken.get(name)
      if (other !== undefined && !seat(other, asked)) return false
      taken.set(name, index)
      return true
    })
  return seats.every((_, index) => seat(index, new Set()))
}
