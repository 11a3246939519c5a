/** A transcript of very many steps, for what a report does with it: the same small step over and over. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonicalize } from '../../engine/src/transcript/canonical.ts'
import { preAuthenticationEncoding, signerOf } from '../../engine/src/transcript/dsse.ts'
import { type Body, PAYLOAD_TYPE, PREDICATE_TYPE, STATEMENT_TYPE } from '../../engine/src/transcript/entry.ts'
import { TRANSCRIPT, TranscriptStore } from '../../engine/src/transcript/store.ts'
import { sha256 } from './answers.ts'

const CEREMONY = '01J00000000000000000001ARG'
const RUNBOOK = `runbook: large
version: 1
title: The same step many times
parameters:
  databases: { type: array, items: { type: string } }
stations:
  desk: { network: azure }
roles:
  crypto-officer: { at-least: 1 }
plugins: {}
steps:
  - id: each
    title: One database
    station: desk
    for-each: \${{ parameters.databases }}
    instruct: Look at database \${{ each.value }}
`

/** Writes a transcript of that many steps. @returns its folder, which the caller removes */
export async function writeLarge(steps: number): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'ceremony-large-'))
  const store = await TranscriptStore.open(dir)
  await store.putArtifact(Buffer.from(RUNBOOK))
  store.close()
  const signers = [signerOf(generateKeyPairSync('ed25519').privateKey), signerOf(generateKeyPairSync('ed25519').privateKey)]
  const [station, officer] = signers.map(({ keyid, publicKey }) => ({ keyid, public_key: publicKey })) as [Key, Key]
  const digest = sha256(RUNBOOK)
  const databases = Array.from({ length: steps }, (_, index) => `db-${index}`)
  const bodies: Body[] = [
    {
      kind: 'opened',
      runbook: { name: 'large', version: 1, title: 'The same step many times', sha256: digest },
      parameters: { databases },
      stations: { desk: station },
      officers: [{ name: 'Ada Byron', roles: ['crypto-officer'], ...officer }],
      plugins: {},
      engine: { version: '0.1.0', sha256: digest, node: 'v26.0.0', dependencies: digest },
      clock_scale: 1,
      unattended: true,
      cloud: null,
    },
    { kind: 'arrived', evidence: { network: [], default_route: false }, waiver: null },
    ...databases.flatMap((instance, index): Body[] => {
      const text = `Look at database ${instance}`
      const outcome = { outputs: null, error: null, exchanges: null, attempts: null, reconciled: false }
      return [
        { kind: 'intent', step: 'each', instance, action: 'instruct', inputs: { text }, says: text, attempt: 1 },
        { kind: 'outcome', step: 'each', instance, intent: 2 + index * 2, result: 'done', ...outcome },
      ]
    }),
    { kind: 'closed', entries: 2 + steps * 2, result: 'complete', steps_done: steps, deviations: 0 },
  ]
  let previous: { sha256: string } | null = null
  const lines: string[] = []
  for (const [sequence, body] of bodies.entries()) {
    const time = new Date(Date.UTC(2026, 0, 2) + sequence * 1000).toISOString()
    const subject =
      sequence === 0 ? { name: 'runbook.yaml', digest: { sha256: digest } } : { name: 'ceremony', digest: { sha256: sha256(CEREMONY) } }
    const predicate = { ceremony: CEREMONY, sequence, previous, station: 'desk', time, mode: 'rehearsal', ...body }
    const payload = Buffer.from(canonicalize({ _type: STATEMENT_TYPE, subject: [subject], predicateType: PREDICATE_TYPE, predicate }))
    const message = preAuthenticationEncoding(PAYLOAD_TYPE, payload)
    const who = body.kind === 'opened' || body.kind === 'closed' ? signers : signers.slice(0, 1)
    const signatures = await Promise.all(
      who.map(async (signer) => ({ keyid: signer.keyid, sig: Buffer.from(await signer.sign(message)).toString('base64') })),
    )
    const line = canonicalize({ payload: payload.toString('base64'), payloadType: PAYLOAD_TYPE, signatures })
    previous = { sha256: sha256(line) }
    lines.push(line)
  }
  writeFileSync(join(dir, TRANSCRIPT), `${lines.join('\n')}\n`)
  return dir
}

interface Key {
  readonly keyid: string
  readonly public_key: string
}
