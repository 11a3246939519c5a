/** Signatures: every one is good, by a key that the opening entry names; the station that holds the baton signs first. */
import type { KeyObject } from 'node:crypto'
import { isSignedBy, keyidOf, preAuthenticationEncoding, publicKeyOf } from '../dsse.ts'
import type { Entry, Opened } from '../entry.ts'
import type { History } from '../history.ts'
import type { Checked } from '../verify.ts'

export class SignatureRules {
  readonly #history: History
  readonly #keys = new Map<string, KeyObject>()
  #opened: Opened | undefined

  constructor(history: History) {
    this.#history = history
  }

  /** @returns whether the entry can be believed enough to look at what it says */
  check({ entry, envelope, payload, report }: Checked): boolean {
    if (entry.kind === 'opened' && !this.#opened) this.#identities(entry, report)
    const opened = this.#opened
    if (!opened) {
      report('signature/unknown-key', 'no identities: the transcript does not begin with `opened`', 'an `opened` entry first')
      return false
    }
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
      else if (!isSignedBy(key, message, Buffer.from(sig, 'base64'))) fault('signature/valid', `signature ${index + 1} by ${keyid}`, 'a good signature')
    }
    const station = opened.stations[entry.station]
    const first = envelope.signatures[0]?.keyid
    if (!station || first !== station.keyid) fault('signature/station', `first signature by ${first}`, `station ${entry.station}, ${station?.keyid}`)
    const baton = this.#baton(entry)
    if (entry.station !== baton) fault('station/baton', `written by ${entry.station}`, `the station that holds the baton: ${baton}`)
    return good
  }

  /** @returns who may write this entry */
  #baton(entry: Entry): string {
    if (entry.kind === 'received') return this.#history.handedOverTo ?? 'nobody: nothing was handed over'
    if (this.#history.handedOverTo !== undefined) return `nobody: ${this.#history.handedOverTo} has not received yet`
    return this.#history.station || entry.station
  }

  #identities(opened: Opened, report: Checked['report']): void {
    this.#opened = opened
    const names = new Set<string>()
    for (const { name } of opened.officers) {
      if (names.has(name)) report('opened/identity', `two officers are named ${name}`, 'one identity for each person')
      names.add(name)
    }
    for (const { keyid, public_key } of [...Object.values(opened.stations), ...opened.officers]) {
      try {
        const key = publicKeyOf(public_key)
        if (keyidOf(key) !== keyid) report('opened/keyid', keyid, `the digest of the key, ${keyidOf(key)}`)
        if (this.#keys.has(keyid)) report('opened/identity', `key ${keyid} stands for two`, 'a key of one’s own for each')
        this.#keys.set(keyid, key)
      } catch (error) {
        report('opened/key', (error as Error).message, 'an Ed25519 or ECDSA P-256 public key in PEM')
      }
    }
  }
}
