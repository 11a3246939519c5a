/** Signatures: every one is good and by a key that the opening entry names, the station's first, each officer's once. */
import { type Envelope, isSignedBy, preAuthenticationEncoding } from '../dsse.ts'
import type { Identities } from '../identities.ts'
import type { Report } from './report.ts'

/**
 * @param station name of the station that writes the entry
 * @returns whether the entry can be believed enough to look at what it says
 */
export function signatureRules(
  envelope: Envelope,
  payload: Uint8Array,
  station: string,
  identities: Identities | undefined,
  report: Report,
): boolean {
  if (!identities) {
    report('signature/unknown-key', 'no identities: the transcript does not begin with `opened`', 'an `opened` entry first')
    return false
  }
  const message = preAuthenticationEncoding(envelope.payloadType, payload)
  const expected = identities.station(station)
  const seen = new Set<string>()
  let last = -1
  let good = true
  const fault: Report = (rule, found, expected) => {
    good = false
    report(rule, found, expected)
  }
  for (const [index, { keyid, sig }] of envelope.signatures.entries()) {
    if (seen.has(keyid)) fault('signature/twice', `two signatures by ${keyid}`, 'one signature by each key')
    seen.add(keyid)
    const key = identities.keys.get(keyid)
    const place = identities.officers.get(keyid)
    if (!key) fault('signature/unknown-key', keyid, 'a key that `opened` names')
    else if (!isSignedBy(key, message, Buffer.from(sig, 'base64')))
      fault('signature/valid', `signature ${index + 1} by ${keyid}`, 'a good signature')
    else if (index === 0) {
      if (keyid !== expected)
        fault('signature/station', `first signature by ${keyid}`, `station ${station}, ${expected ?? 'which `opened` does not name'}`)
    } else if (place === undefined)
      fault('signature/officer', `signature ${index + 1} by a station`, 'signatures of officers behind that of the station')
    else if (place < last) {
      const { name } = identities.named.officers[place]!
      report('signature/order', `${name} behind ${identities.named.officers[last]!.name}`, 'officers in the order of `opened`')
    } else last = place
  }
  return good
}
