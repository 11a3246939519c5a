/** The runbook language as a JSON Schema: what `parse` checks a file against, and what editors complete from. */
import Type, { type TSchema } from 'typebox'
import { DURATION } from './duration.ts'

/** What names in a runbook look like. */
export const NAME = '^[a-z][a-z0-9]*(-[a-z0-9]+)*$'
const name = (description: string) => Type.String({ pattern: NAME, maxLength: 64, description })
const text = (description: string, maxLength = 200) => Type.String({ minLength: 1, maxLength, description })
const duration = (description: string) =>
  Type.String({ pattern: DURATION, description: `${description} Such as \`90s\`, \`15m\`, \`1h30m\`.` })
const expression = (description: string) =>
  Type.String({ minLength: 1, maxLength: 4200, description: `${description} A CEL expression, bare or as \`\${{ … }}\`.` })
const closed = { additionalProperties: false }

/** A map from names of the author's choice to values of one kind. */
function named(value: TSchema, description: string, limits: { minProperties?: number } = {}) {
  return Type.Unsafe<Record<string, unknown>>({
    type: 'object',
    description,
    propertyNames: { pattern: NAME, maxLength: 64 },
    additionalProperties: value,
    ...limits,
  })
}

const Quorum = named(
  Type.Integer({ minimum: 1, maximum: 100, description: 'How many different people of this role sign.' }),
  'Role: how many different people of that role must sign. One person counts once, whatever roles they hold.',
  { minProperties: 1 },
)

const RecordProperty = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  description: 'What is written down: `type` and further words of JSON Schema.',
  required: ['type'],
  properties: {
    type: { enum: ['string', 'integer', 'number', 'boolean'], description: 'The kind of value.' },
    title: text('What the officers are asked.'),
    description: text('More about it.', 2000),
    pattern: Type.String({ maxLength: 500, description: 'A regular expression that the text must match.' }),
    minLength: Type.Integer({ minimum: 0, description: 'The fewest characters.' }),
    maxLength: Type.Integer({ minimum: 0, description: 'The most characters.' }),
    minimum: Type.Number({ description: 'The least number.' }),
    maximum: Type.Number({ description: 'The greatest number.' }),
    enum: { type: 'array', minItems: 1, description: 'The values that are allowed.' },
    asked: Type.Unsafe<'once' | 'twice'>({
      enum: ['once', 'twice'],
      description: 'How often people type it at a terminal (`once`); `twice` where a slip matters, as for the number of a bag.',
    }),
    'for-each': expression(
      'Asks once for each item: the strings of a list, the keys of a map, or 1 to n for a number n. What is recorded is a map by item.',
    ),
  },
  ...closed,
})

const Step = Type.Object(
  {
    id: name('The name that other steps use: `steps.<id>` (or `steps["<id>"]` where it has dashes).'),
    title: Type.Optional(text('A few words in the imperative: "Create the security world".')),
    phase: Type.Optional(text('Begins a phase of the ceremony; the steps behind belong to it until the next one.')),
    station: Type.Optional(name('Where the step takes place. Left out: where the step before did, or where a transfer went.')),
    'for-each': Type.Optional(
      expression('Does the step once for each item of a list or a map. Inside, `each.key` and `each.value` are the item at hand.'),
    ),
    concurrency: Type.Optional(Type.Integer({ minimum: 1, maximum: 64, description: 'How many instances may run side by side (1).' })),
    when: Type.Optional(expression('The step is skipped unless this holds.')),
    until: Type.Optional(
      Type.Object(
        {
          that: expression('What must hold; `outputs` is what the last attempt returned.'),
          every: duration('The time between two attempts.'),
          within: duration('The time after which the step has failed.'),
        },
        { ...closed, description: 'Does the action again and again until something holds.' },
      ),
    ),
    takes: Type.Optional(
      duration('How long people should allow for the step (for each instance), signing included; for plans and printed scripts alone.'),
    ),
    'sign-off': Type.Optional(
      Type.Object(
        { before: Type.Optional(Quorum), after: Type.Optional(Quorum) },
        {
          ...closed,
          minProperties: 1,
          description: 'Who signs: `before` the exact inputs, ahead of any effect; `after` what came of it.',
        },
      ),
    ),
    'not-same-as': Type.Optional(
      Type.Unsafe<string | string[]>({
        description: 'An earlier step, or several: who signed before one of those may not sign before this one.',
        anyOf: [
          name('The id of an earlier step.'),
          { type: 'array', items: name('The id of an earlier step.'), minItems: 1, maxItems: 64 },
        ],
      }),
    ),
    uses: Type.Optional(
      Type.String({
        pattern: `${NAME.slice(0, -1)}/${NAME.slice(1)}`,
        maxLength: 130,
        description: 'The action of a plugin: `plugin/action`.',
      }),
    ),
    with: Type.Optional(
      Type.Unsafe<Record<string, unknown>>({ type: 'object', description: "The action's inputs; text may hold `${{ … }}`." }),
    ),
    assert: Type.Optional(
      Type.Array(
        Type.Object(
          { that: expression('What must be true.'), message: text('What is wrong if it is not, for people.', 1000) },
          { ...closed, description: 'One thing to check.' },
        ),
        { minItems: 1, maxItems: 200, description: 'Stops the ceremony unless all of these hold.' },
      ),
    ),
    instruct: Type.Optional(text('What people do with their hands; may hold `${{ … }}`.', 10_000)),
    record: Type.Optional(
      named(RecordProperty, 'What the officers write down at an `instruct` step; all of it is required.', { minProperties: 1 }),
    ),
    transfer: Type.Optional(
      Type.Object({ to: name('The station that goes on.') }, { ...closed, description: 'Hands the ceremony to another station.' }),
    ),
    wait: Type.Optional(duration('Lets time pass.')),
  },
  { ...closed, description: 'One step: who, where, what. It has exactly one of `uses`, `assert`, `instruct`, `transfer` and `wait`.' },
)

/** The words of which a step has exactly one. */
export const KINDS = ['uses', 'assert', 'instruct', 'transfer', 'wait'] as const

/** JSON Schema (draft 7 words) of a runbook file. */
export const RunbookSchema = Type.Object(
  {
    runbook: name('The name of the runbook.'),
    version: Type.Integer({ minimum: 1, description: 'Goes up by one with every change.' }),
    title: text('What the ceremony is for, in a few words.'),
    parameters: Type.Optional(
      named(
        Type.Unsafe<Record<string, unknown>>({ type: 'object', description: 'A JSON Schema; `default` makes the parameter optional.' }),
        'What is asked for before the ceremony: a JSON Schema for each parameter.',
      ),
    ),
    stations: named(
      Type.Object(
        {
          network: Type.Unsafe<'none' | 'azure'>({
            enum: ['none', 'azure'],
            description: '`none`: the station must be offline, which is checked and recorded; `azure`: it reaches the cloud.',
          }),
          title: Type.Optional(text('What people call the station.')),
        },
        { ...closed, description: 'A place with a computer.' },
      ),
      'The places where steps happen.',
      { minProperties: 1 },
    ),
    roles: Type.Optional(
      named(
        Type.Object(
          {
            'at-least': Type.Integer({ minimum: 1, maximum: 100, description: 'How many people of this role must be there.' }),
            title: Type.Optional(text('What people call the role.')),
          },
          { ...closed, description: 'A part that people play.' },
        ),
        'Who takes part.',
      ),
    ),
    plugins: Type.Optional(
      named(
        Type.String({ minLength: 1, maxLength: 64, description: 'A range of versions, such as `^1` or `>=1.2 <2`.' }),
        'The plugins that the steps use, with the versions that the runbook was written for.',
      ),
    ),
    steps: Type.Array(Step, { minItems: 1, maxItems: 20_000, description: 'What happens, in this order.' }),
  },
  {
    ...closed,
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Ceremony runbook',
    description: 'The script of a key ceremony: who, where, what.',
  },
)

/** The published form: the same schema with the rule that editors cannot be told by TypeBox alone. */
export function publishedSchema(): Record<string, unknown> {
  const schema = JSON.parse(JSON.stringify(RunbookSchema))
  schema.properties.steps.items.oneOf = KINDS.map((kind) => ({ required: [kind] }))
  return schema
}
