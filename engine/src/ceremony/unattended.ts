/** People whose answers come from a file: for rehearsals and tests. A production ceremony refuses it. */
import { dirname, isAbsolute, join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Static, TSchema } from 'typebox'
import Type from 'typebox'
import { openOfficerKey } from '../officer/key-file.ts'
import { choose } from '../officer/quorum.ts'
import type { Signer } from '../transcript/dsse.ts'
import { instanceName, type OfficerIdentity } from '../transcript/entry.ts'
import { CeremonyError } from './error.ts'
import { HandsSchema, handsOf, runHands } from './hands-program.ts'
import type { People } from './people.ts'
import { readYaml } from './yaml-file.ts'

const closed = { additionalProperties: false }
const AnswersSchema = Type.Object(
  {
    officers: Type.Array(
      Type.Object(
        {
          name: Type.String({ minLength: 1 }),
          roles: Type.Array(Type.String(), { minItems: 1 }),
          key: Type.String(),
          passphrase: Type.String(),
        },
        closed,
      ),
      { minItems: 1 },
    ),
    /** A list is gone through attempt by attempt: first a wrong value, then the right one. */
    secrets: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 1 })]))),
    /** step, or step[instance] -> what is written down */
    records: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    /** A program that does what hands do; gets the request as JSON on its input; exit code 3 means that it cannot be done. */
    hands: Type.Optional(HandsSchema),
    waive: Type.Optional(Type.String()),
  },
  closed,
)

/** Where paths stand in such a file. */
export const ANSWERS_PATHS = [
  ['officers', '*', 'key'],
  ['hands', 'run', 0],
] as const

/**
 * Reads the answers and unlocks the officers' keys.
 * @param file YAML; paths in it are taken from its own folder
 * @throws CeremonyError `answers/invalid` (exit 2)
 */
export async function unattendedPeople(file: string): Promise<People> {
  const answers = readYaml(file, AnswersSchema as TSchema, 'answers') as Static<typeof AnswersSchema>
  const at = (path: string): string => (isAbsolute(path) ? path : join(dirname(file), path))
  const signers = new Map<string, Signer>()
  const officers: OfficerIdentity[] = []
  await Promise.all(
    answers.officers.map(async ({ name, key, passphrase }) => {
      signers.set(name, await openOfficerKey(at(key), passphrase))
    }),
  )
  for (const { name, roles } of answers.officers) {
    const signer = signers.get(name)!
    officers.push({ name, roles, keyid: signer.keyid, public_key: signer.publicKey })
  }

  return {
    unattended: true,
    officers,
    async sign({ message, quorum, except, only }) {
      const present = officers.filter(({ name }) => !except.includes(name) && (only === undefined || only === name))
      const chosen = quorum === 'everyone' ? present.map((officer) => officer.name) : choose(present, quorum)
      if (!chosen) {
        throw new CeremonyError('sign/no-quorum', 'Those present cannot make up the quorum.', {
          found: present.map((officer) => `${officer.name} (${officer.roles.join(', ')})`).join('; ') || 'nobody',
          expected: Object.entries(quorum)
            .map(([role, count]) => `${count} distinct people as ${role}`)
            .join(' and '),
          advice: 'Have the missing officers come, then resume.',
          exitCode: 3,
        })
      }
      return Promise.all(
        chosen.map(async (name) => {
          const signer = signers.get(name)!
          return { keyid: signer.keyid, sig: Buffer.from(await signer.sign(message)).toString('base64') }
        }),
      )
    },
    async secret({ secret }, attempt) {
      const given = answers.secrets?.[secret]
      return Array.isArray(given) ? given[Math.min(attempt, given.length) - 1] : given
    },
    async hands(request) {
      if (!answers.hands) return { done: false, reason: `nobody is there to ${request.ask}` }
      const obstacle = await runHands(handsOf(answers.hands, at), request)
      return obstacle === undefined ? { done: true } : { done: false, reason: obstacle }
    },
    async instruct(step, _text, schema) {
      if (!schema) return null
      const name = instanceName(step.id, step.instance)
      const record = answers.records?.[name]
      const validate = new Ajv2020({ allErrors: true, strict: false }).compile(schema)
      if (validate(record)) return record
      throw new CeremonyError('answers/record', `${file}: \`records\` has no fitting entry for \`${name}\`.`, {
        found: (validate.errors ?? []).map((error) => `${error.instancePath || '/'} ${error.message}`).join('; '),
        expected: JSON.stringify(schema).slice(0, 500),
        advice: 'Complete the answers, then resume.',
        exitCode: 3,
      })
    },
    waive: async () => answers.waive,
  }
}
