/** Made-up answers of HSM, cloud and people for the ceremony of `byok.ts`. */
import { createHash } from 'node:crypto'

export const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex')
const kid = (vault: string, name: string): string => `${vault}/keys/${name}/${sha256(vault + name).slice(0, 32)}`
const artifactOf = (name: string): { name: string; sha256: string; size: number } => ({
  name,
  sha256: sha256(`bytes of ${name}`),
  size: Buffer.byteLength(`bytes of ${name}`),
})

/** What each action gives, from what it took; `attempt` counts the tries of an `until`. */
export const ANSWERS: Readonly<Record<string, (inputs: Record<string, unknown>, attempt: number) => unknown>> = {
  'module-state': () => ({ esn: '1E85-9676-D947', mode: 'operational', card_sets: [], world: { state: 'none' } }),
  'create-world': (inputs) => ({ cards: 3, quorum: inputs['acs-quorum'], esn: '1E85-9676-D947', hknso: sha256('world').slice(0, 40) }),
  'create-operator-cards': (inputs) => ({ cards: 3, quorum: inputs.quorum, name: inputs.name, hkltu: sha256('cards').slice(0, 40) }),
  'generate-key': (inputs) => ({
    key: { label: inputs.label, id: 'a0c2', card_set: inputs['card-set'] },
    bits: inputs.bits,
    modulus_sha256: sha256(String(inputs.label)),
  }),
  'ensure-vault': (inputs) => ({ name: inputs.name, vault: `https://${inputs.name}.vault.azure.test`, location: inputs.location }),
  'create-kek': (inputs) => ({ kek: { kid: kid(String(inputs.vault), String(inputs.name)), bits: inputs.bits } }),
  'wrap-for-azure': ({ key, kek }) => {
    const { label } = key as { label: string }
    const { kid: kekKid } = kek as { kid: string }
    return { blob: artifactOf(`${label}-${/https:..([^.]+)/.exec(kekKid)![1]}.byok`), kek_kid: kekKid, modulus_sha256: sha256(label) }
  },
  'import-key': (inputs) => ({ kid: kid(String(inputs.vault), String(inputs.name)), modulus_sha256: sha256(String(inputs.name)) }),
  'prove-blob-refused': () => ({ refused: true, status: 400, code: 'BadParameter', message: 'made for another vault' }),
  'assign-identity': (inputs) => ({ ...inputs, principal_id: '11111111-2222-3333-4444-555555555555' }),
  'write-probe': () => ({ url: 'https://contosodata.blob.azure.test/ceremony/probe', sha256: sha256('probe'), size: 1024 }),
  probe: (_, attempt) => ({ readable: attempt !== 7, status: 200, code: null, sha256: sha256('probe') }),
  state: (_, attempt) => ({ databases: {}, all_online: attempt !== 5, all_inaccessible: attempt === 5 }),
  'delete-key': (inputs) => ({ kid: kid(String(inputs.vault), String(inputs.name)), deleted_on: '2026-03-04T10:00:00.000Z' }),
  'recover-key': (inputs) => ({ kid: kid(String(inputs.vault), String(inputs.name)), modulus_sha256: sha256(String(inputs.name)) }),
}

const bags = (first: number) => ({ 1: `RH${first}`, 2: `RH${first + 1}`, 3: `RH${first + 2}` })
export const RECORDS: Readonly<Record<string, unknown>> = {
  'roll-call': { room: 'rehearsal', 'documents-seen': true },
  'seal-cards': { 'administrator-card-bag': bags(100001), 'operator-card-bag': bags(100011) },
}
