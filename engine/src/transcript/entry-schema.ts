/** The strict JSON Schema of a statement: what `entry.ts` says, for bytes that come from outside. */
import Type, { type TSchema } from 'typebox'
import { PREDICATE_TYPE, STATEMENT_TYPE } from './entry.ts'
import type { Shapes } from './shape.ts'

const closed = { additionalProperties: false }
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })
const Text = Type.String()
const Time = Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$' })
const Instance = Type.Union([Text, Type.Null()])
const Count = Type.Integer({ minimum: 0 })
const Exchanges = Type.Union([Type.Object({ sha256: Sha256, count: Count }, closed), Type.Null()])
// Not Type.Record: its pattern of the names would let those with a line break through unchecked.
const mapOf = (schema: TSchema): TSchema => Type.Object({}, { additionalProperties: schema })
const AnyObject = mapOf(Type.Unknown())
const Key = { keyid: Sha256, public_key: Text }

const bodies: Readonly<Record<string, Readonly<Record<string, TSchema>>>> = {
  opened: {
    runbook: Type.Object({ name: Text, version: Type.Integer(), title: Text, sha256: Sha256 }, closed),
    parameters: AnyObject,
    stations: mapOf(Type.Object(Key, closed)),
    officers: Type.Array(Type.Object({ name: Text, roles: Type.Array(Text), ...Key }, closed), { maxItems: 1000 }),
    plugins: mapOf(Type.Object({ version: Text, sha256: Sha256, package: Sha256 }, closed)),
    engine: Type.Object({ version: Text, sha256: Sha256, node: Text, dependencies: Sha256 }, closed),
    clock_scale: Type.Number({ minimum: 1 }),
    unattended: Type.Boolean(),
    cloud: Type.Union([AnyObject, Type.Null()]),
  },
  arrived: { evidence: AnyObject, waiver: Type.Union([Type.Object({ reason: Text }, closed), Type.Null()]) },
  skipped: { step: Text, instance: Instance, when: Text },
  intent: { step: Text, instance: Instance, action: Text, inputs: Type.Unknown(), says: Text, attempt: Type.Integer({ minimum: 1 }) },
  outcome: {
    step: Text,
    instance: Instance,
    intent: Count,
    result: Type.Union([Type.Literal('done'), Type.Literal('failed')]),
    outputs: Type.Unknown(),
    error: Type.Union([
      Type.Object({ code: Text, message: Text, found: Text, expected: Text, changed: Text, advice: Text }, closed),
      Type.Null(),
    ]),
    exchanges: Exchanges,
    attempts: Type.Union([Type.Array(Type.Object({ time: Time, holds: Type.Boolean(), outputs: Type.Unknown() }, closed)), Type.Null()]),
    reconciled: Type.Boolean(),
  },
  deviation: { officer: Text, note: Text },
  resolution: {
    step: Text,
    instance: Instance,
    intent: Count,
    how: Type.Union([Type.Literal('reconciled'), Type.Literal('officers')]),
    verdict: Type.Union([Type.Literal('done'), Type.Literal('not-done')]),
    facts: Text,
    exchanges: Exchanges,
  },
  'handed-over': { to: Text },
  received: { from: Text },
  closed: {
    entries: Count,
    result: Type.Union([Type.Literal('complete'), Type.Literal('aborted')]),
    steps_done: Count,
    deviations: Count,
  },
}

const statementOf = (kind: string, body: Readonly<Record<string, TSchema>>): TSchema =>
  Type.Object(
    {
      _type: Type.Literal(STATEMENT_TYPE),
      subject: Type.Array(Type.Object({ name: Text, digest: Type.Object({ sha256: Sha256 }, closed) }, closed), {
        minItems: 1,
        maxItems: 10_000,
      }),
      predicateType: Type.Literal(PREDICATE_TYPE),
      predicate: Type.Object(
        {
          ceremony: Type.String({ pattern: '^[0-9A-HJKMNP-TV-Z]{26}$' }),
          sequence: Count,
          previous: Type.Union([Type.Object({ sha256: Sha256 }, closed), Type.Null()]),
          station: Text,
          time: Time,
          mode: Type.Union([Type.Literal('rehearsal'), Type.Literal('production')]),
          kind: Type.Literal(kind),
          ...body,
        },
        closed,
      ),
    },
    closed,
  )

/** Kind of entry -> JSON Schema of its statement, as plain data. */
export const STATEMENT_SHAPES: Shapes = JSON.parse(
  JSON.stringify(Object.fromEntries(Object.entries(bodies).map(([kind, body]) => [kind, statementOf(kind, body)]))),
)
