/** Who signed: the quorum that the runbook demands, of distinct people in their roles; everyone; the officer who speaks. */
import { choose } from '../../officer/quorum.ts'
import type { Quorum, Step } from '../../runbook/model.ts'
import type { OfficerIdentity } from '../entry.ts'
import type { History } from '../history.ts'
import type { Checked } from './report.ts'

/** @returns the officers whose signatures the entry bears */
function signersOf({ keyids }: Checked, officers: readonly OfficerIdentity[]): OfficerIdentity[] {
  return officers.filter(({ keyid }) => keyids.includes(keyid))
}

export function everyoneSigned(checked: Checked, officers: readonly OfficerIdentity[]): void {
  const signed = new Set(signersOf(checked, officers))
  const missing = officers.filter((officer) => !signed.has(officer)).map(({ name }) => name)
  if (missing.length > 0) checked.report('quorum/everyone', `not signed by ${missing.join(', ')}`, 'the signatures of all officers')
}

/** @param which `before` or `after`, for the words of the finding */
export function quorumSigned(checked: Checked, officers: readonly OfficerIdentity[], quorum: Quorum, which: 'before' | 'after'): void {
  const signers = signersOf(checked, officers)
  // Most entries want nobody.
  if (Object.keys(quorum).length === 0 || choose(signers, quorum)) return
  const found = signers.map(({ name, roles }) => `${name} (${roles.join(', ')})`).join('; ') || 'no officer'
  const expected = Object.entries(quorum).map(([role, count]) => `${count} distinct people as ${role}`)
  const stranger = signers.some(({ roles }) => !roles.some((role) => Object.hasOwn(quorum, role)))
  checked.report(stranger ? 'signer/role' : 'quorum/distinct', `signed by ${found}`, `\`sign-off.${which}\`: ${expected.join(' and ')}`)
}

/** `not-same-as`: none of those who authorised the other step. */
export function othersSigned(checked: Checked, history: History, step: Step): void {
  if (step.notSameAs.length === 0) return
  const signers = signersOf(checked, history.opened?.officers ?? [])
  for (const other of step.notSameAs) {
    const before = history.signersBefore(other)
    const same = signers.filter(({ name }) => before.has(name)).map(({ name }) => name)
    if (same.length > 0) checked.report('signer/not-same-as', same.join(', '), `others than those who signed \`${other}\``)
  }
}

/** A deviation is signed by the officer who notes it. */
export function speakerSigned(checked: Checked, officers: readonly OfficerIdentity[], name: string): void {
  if (signersOf(checked, officers).some((officer) => officer.name === name)) return
  checked.report('signer/officer', `no signature of ${name}`, 'the signature of the officer who notes the deviation')
}
