/** Who may sign: the keys of the stations and officers, as the opening entry names them. */
import type { KeyObject } from 'node:crypto'
import { KEY_KINDS, keyidOf, publicKeyOf } from './dsse.ts'
import type { Opened } from './entry.ts'
import type { Report } from './rules/report.ts'

/** What of an opening entry says who may sign. */
export type Named = Pick<Opened, 'stations' | 'officers'>

export class Identities {
  /** By fingerprint. */
  readonly keys = new Map<string, KeyObject>()
  readonly named: Named
  /** Fingerprint of an officer's key -> place among the officers. */
  readonly officers: ReadonlyMap<string, number>

  /** @param report told of keys that are none, or are not one's own */
  constructor({ stations, officers }: Named, report: Report) {
    this.named = { stations, officers }
    this.officers = new Map(officers.map(({ keyid }, place) => [keyid, place]))
    const names = new Set<string>()
    for (const { name } of officers) {
      if (names.has(name)) report('opened/identity', `two officers are named ${name}`, 'one identity for each person')
      names.add(name)
    }
    for (const { keyid, public_key } of [...Object.values(stations), ...officers]) this.#add(keyid, public_key, report)
  }

  /** @returns fingerprint of the station's key; undefined for a station that nobody named */
  station(name: string): string | undefined {
    return Object.hasOwn(this.named.stations, name) ? this.named.stations[name]!.keyid : undefined
  }

  #add(keyid: string, pem: string, report: Report): void {
    try {
      const key = publicKeyOf(pem)
      if (key.export({ type: 'spki', format: 'pem' }) !== pem)
        report('opened/key', 'another spelling of a key', 'a public key in PEM, and nothing beside it')
      if (keyidOf(key) !== keyid) report('opened/keyid', keyid, `the digest of the key, ${keyidOf(key)}`)
      if (this.keys.has(keyid)) report('opened/identity', `key ${keyid} stands for two`, 'a key of one’s own for each')
      this.keys.set(keyid, key)
    } catch (error) {
      report('opened/key', (error as Error).message, `a public key in PEM: ${KEY_KINDS}`)
    }
  }
}
