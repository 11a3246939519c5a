/** Signatures: every one is good and by a key that the opening entry names, no key signs twice, the station signs first. */
import type { KeyObject } from 'node:crypto'
import { isSignedBy, keyidOf, preAuthenticationEncoding, publicKeyOf } from '../dsse.ts'
import type { Opened } from '../entry.ts'
import type { Checked, Report } from '../verify.ts'

export class SignatureRules {
  readonly #keys = new Map<string, KeyObject>()
  #opened: Opened | undefined

  /** @returns whether the entry can be believed enough to look at what it says */
  check({ entry, envelope, payload, report }: Checked): boolean {
    if (entry.kind === 'opened' && !this.#opened) this.#identities(entry, report)
    const opened = this.#opened
    if (!opened) {
      report('signature/unknown-key', 'no identities: the transcript does not begin with `opened`', 'an `opened` entry first')
      return false
    }
    const station = Object.hasOwn(opened.stations, entry.station) ? opened.stations[entry.station]!.keyid : undefined
    const message = preAuthenticationEncoding(envelope.payloadType, payload)
    const seen = new Set<string>()
    let good = true
    const fault = (rule: string, found: string, expected: string): void => {
      good = false
      report(rule, found, expected)
    }
    for (const [index, { keyid, sig }] of envelope.signatures.entries()) {
      const key = this.#keys.get(keyid)
      if (seen.has(keyid)) fault('signature/twice', `two signatures by ${keyid}`, 'one signature by each key')
      seen.add(keyid)
      if (!key) fault('signature/unknown-key', keyid, 'a key that `opened` names')
      else if (!isSignedBy(key, message, Buffer.from(sig, 'base64')))
        fault('signature/valid', `signature ${index + 1} by ${keyid}`, 'a good signature')
      else if (index === 0 && keyid !== station)
        fault('signature/station', `first signature by ${keyid}`, `station ${entry.station}, ${station ?? 'which `opened` does not name'}`)
      else if (index > 0 && !opened.officers.some((officer) => officer.keyid === keyid))
        fault('signature/officer', `signature ${index + 1} by a station`, 'signatures of officers behind that of the station')
    }
    return good
  }

  #identities(opened: Opened, report: Report): void {
    this.#opened = opened
    const names = new Set<string>()
    for (const { name } of opened.officers) {
      if (names.has(name)) report('opened/identity', `two officers are named ${name}`, 'one identity for each person')
      names.add(name)
    }
    for (const { keyid, public_key } of [...Object.values(opened.stations), ...opened.officers]) {
      try {
        const key = publicKeyOf(public_key)
        if (key.export({ type: 'spki', format: 'pem' }) !== public_key)
          report('opened/key', 'another spelling of a key', 'a public key in PEM, and nothing beside it')
        if (keyidOf(key) !== keyid) report('opened/keyid', keyid, `the digest of the key, ${keyidOf(key)}`)
        if (this.#keys.has(keyid)) report('opened/identity', `key ${keyid} stands for two`, 'a key of one’s own for each')
        this.#keys.set(keyid, key)
      } catch (error) {
        report('opened/key', (error as Error).message, 'an Ed25519 or ECDSA P-256 public key in PEM')
      }
    }
  }
}
