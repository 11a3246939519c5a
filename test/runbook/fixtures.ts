import type { Finding, PluginDescription } from '../../engine/src/runbook/model.ts'

const text = { type: 'string' }
const object = (properties: Record<string, unknown>, optional: string[] = []) => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
})
const artifact = object({ name: text, sha256: text, size: { type: 'integer' } })
const publicKey = object({ kid: text, n: text, e: text, bits: { type: 'integer' } })
const action = (input: Record<string, unknown>, output: Record<string, unknown>) => ({
  title: 'An action',
  input,
  output,
  readsOnly: false,
})

/** Plugins as `check` sees them, shaped like the real ones. */
export const PLUGINS: PluginDescription[] = [
  {
    name: 'hsm-ncipher',
    version: '1.2.0',
    title: 'nShield HSM',
    sha256: '0'.repeat(64),
    actions: {
      'create-world': action(
        object({ 'acs-quorum': { type: 'string', pattern: '^[0-9]+/[0-9]+$' }, module: { type: 'integer', minimum: 1 } }, ['module']),
        object({ hknso: text, cards: { type: 'array', items: object({ serial: text }) } }),
      ),
      'generate-key': action(
        object({ 'key-name': text, bits: { type: 'integer', enum: [2048, 3072, 4096] } }),
        object({ key: text, bits: { type: 'integer' }, modulus_sha256: text }),
      ),
      'wrap-for-azure': action(object({ key: text, kek: publicKey }), object({ blob: artifact })),
    },
  },
  {
    name: 'azure-vault',
    version: '1.0.3',
    title: 'Azure Key Vault',
    sha256: '1'.repeat(64),
    actions: {
      'create-vault': action(
        object({ vault: text, region: text, 'purge-protection': { type: 'boolean' }, 'retention-days': { type: 'integer', minimum: 7 } }, [
          'purge-protection',
          'retention-days',
        ]),
        object({ uri: text }),
      ),
      'create-kek': action(object({ vault: text, 'key-name': text }), object({ public_key: publicKey })),
      'import-key': action(object({ vault: text, 'key-name': text, blob: artifact }), object({ kid: text, modulus_sha256: text })),
      'delete-key': action(object({ vault: text, 'key-name': text }), object({ deleted: { type: 'boolean' } })),
    },
  },
  {
    name: 'azure-storage',
    version: '1.0.0',
    title: 'Azure Storage',
    sha256: '2'.repeat(64),
    actions: {
      bind: action(object({ account: text, kid: text }), object({ account: text })),
      probe: action(object({ account: text }), object({ readable: { type: 'boolean' }, code: { anyOf: [text, { type: 'null' }] } })),
    },
  },
  {
    name: 'azure-sql',
    version: '1.0.0',
    title: 'Azure SQL',
    sha256: '3'.repeat(64),
    actions: { bind: action(object({ server: text, kid: text }), object({ server: text })) },
  },
]

export const bytes = (source: string): Uint8Array => new TextEncoder().encode(source)

/** The start of a runbook with a station and the plugins at hand; `steps:` is its last line. */
export const HEAD = `runbook: example
version: 1
title: An example
stations:
  room: { network: none }
roles:
  officer: { at-least: 2 }
  witness: { at-least: 1 }
plugins:
  hsm-ncipher: ^1
  azure-vault: ^1
  azure-storage: ^1
  azure-sql: ^1
parameters:
  quorum: { type: string, default: 2/3 }
  count: { type: integer, default: 3 }
  geographies:
    type: object
    additionalProperties: { type: object, properties: { region: { type: string } }, additionalProperties: false }
    default: { europe: { region: westeurope }, america: { region: eastus } }
steps:
`
/** Lines of HEAD before the first step. */
export const HEAD_LINES = HEAD.split('\n').length - 1

/** Findings as short as a test wants to read them: `line:column code`. */
export const places = (findings: readonly Finding[]): string[] =>
  findings.map(({ position, code }) => `${position.line}:${position.column} ${code}`)
