/** What the report's writer put into the page beside its code. */

import type { About } from './about.ts'
import { fromBase64 } from './bytes.ts'

export interface EmbeddedArtifact {
  readonly sha256: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

export interface Embedded {
  readonly about: About
  /** The transcript's bytes, as they were. */
  readonly transcript: Uint8Array<ArrayBuffer>
  /** By the digest under which they were embedded; whether it is theirs is checked. */
  readonly artifacts: ReadonlyMap<string, EmbeddedArtifact>
}

/** @throws Error if the page is not whole */
export function readEmbedded(page: Document): Embedded {
  const about = page.getElementById('about')?.textContent
  const transcript = page.getElementById('transcript')?.textContent
  if (about == null || transcript == null) throw new Error('the page does not hold a transcript')
  const artifacts = [...page.querySelectorAll<HTMLScriptElement>('script[data-artifact]')].map((element) => {
    const sha256 = element.dataset.artifact!
    return [sha256, { sha256, bytes: fromBase64(element.textContent ?? '') }] as const
  })
  return { about: JSON.parse(about) as About, transcript: fromBase64(transcript), artifacts: new Map(artifacts) }
}
