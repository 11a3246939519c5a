/** The shape that the page relies on when it shows an entry. `ceremony verify` knows the strict schema; here a fault keeps an entry off the page. */

type Shape = (value: unknown, at: string) => string | undefined

const text: Shape = (value, at) => (typeof value === 'string' ? undefined : `${at} is no text`)
const truth: Shape = (value, at) => (typeof value === 'boolean' ? undefined : `${at} is neither true nor false`)
const anything: Shape = () => undefined
const count: Shape = (value, at) => (Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : `${at} is no count`)
const matching =
  (pattern: RegExp): Shape =>
  (value, at) =>
    typeof value === 'string' && pattern.test(value) ? undefined : `${at} is not of the form ${pattern.source}`
const oneOf =
  (...values: readonly string[]): Shape =>
  (value, at) =>
    values.includes(value as string) ? undefined : `${at} is none of ${values.join(', ')}`
const orNull =
  (shape: Shape): Shape =>
  (value, at) =>
    value === null ? undefined : shape(value, at)
const listOf =
  (shape: Shape): Shape =>
  (value, at) =>
    Array.isArray(value) ? firstFault(value.map((item, index) => () => shape(item, `${at}/${index}`))) : `${at} is no list`
const mapOf =
  (shape: Shape): Shape =>
  (value, at) =>
    isMap(value)
      ? firstFault(
          Object.entries(value).map(
            ([name, item]) =>
              () =>
                shape(item, `${at}/${name}`),
          ),
        )
      : `${at} is no map`
const object =
  (shapes: Readonly<Record<string, Shape>>): Shape =>
  (value, at) =>
    isMap(value)
      ? firstFault(
          Object.entries(shapes).map(
            ([name, shape]) =>
              () =>
                shape(Object.hasOwn(value, name) ? value[name] : undefined, `${at}/${name}`),
          ),
        )
      : `${at} is no map`

function firstFault(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const fault = check()
    if (fault !== undefined) return fault
  }
  return undefined
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const digest = matching(/^[0-9a-f]{64}$/)
const time: Shape = (value, at) =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) && !Number.isNaN(Date.parse(value))
    ? undefined
    : `${at} is no time`
const identity = { keyid: digest, public_key: text }
const artifact = orNull(object({ sha256: digest, count }))
const instance = { step: text, instance: orNull(text) }

const bodies: Readonly<Record<string, Readonly<Record<string, Shape>>>> = {
  opened: {
    runbook: object({ name: text, version: count, title: text, sha256: digest }),
    parameters: mapOf(anything),
    stations: mapOf(object(identity)),
    officers: listOf(object({ name: text, roles: listOf(text), ...identity })),
    plugins: mapOf(object({ version: text, sha256: digest, package: digest })),
    engine: mapOf(text),
    clock_scale: (value, at) => (typeof value === 'number' && value >= 1 ? undefined : `${at} is no scale`),
    unattended: truth,
    cloud: orNull(mapOf(anything)),
  },
  arrived: { evidence: mapOf(anything), waiver: orNull(object({ reason: text })) },
  skipped: { ...instance, when: text },
  intent: { ...instance, action: text, inputs: anything, says: text, attempt: count },
  outcome: {
    ...instance,
    intent: count,
    result: oneOf('done', 'failed'),
    outputs: anything,
    error: orNull(object({ code: text, message: text, found: text, expected: text, changed: text, advice: text })),
    exchanges: artifact,
    attempts: orNull(listOf(object({ time, holds: truth, outputs: anything }))),
    reconciled: truth,
  },
  deviation: { officer: text, note: text },
  resolution: {
    ...instance,
    intent: count,
    how: oneOf('reconciled', 'officers'),
    verdict: oneOf('done', 'not-done'),
    facts: text,
    exchanges: artifact,
  },
  'handed-over': { to: text },
  received: { from: text },
  closed: { entries: count, result: oneOf('complete', 'aborted'), steps_done: count, deviations: count },
}

const head: Readonly<Record<string, Shape>> = {
  ceremony: matching(/^[0-9A-HJKMNP-TV-Z]{26}$/),
  sequence: count,
  previous: orNull(object({ sha256: digest })),
  station: text,
  time,
  mode: oneOf('rehearsal', 'production'),
}

/** @returns what is wrong with a statement's shape, in words; undefined if the page can show it */
export function faultOfStatement(statement: unknown): string | undefined {
  const kind = (statement as { predicate?: { kind?: unknown } } | null)?.predicate?.kind
  const body = typeof kind === 'string' && Object.hasOwn(bodies, kind) ? bodies[kind]! : undefined
  if (!body) return `/predicate/kind is none of ${Object.keys(bodies).join(', ')}`
  const subject = listOf(object({ name: text, digest: object({ sha256: digest }) }))
  const whole = object({
    _type: oneOf('https://in-toto.io/Statement/v1'),
    subject,
    predicateType: oneOf('https://byok-ceremony.dev/entry/v1'),
    predicate: object({ ...head, ...body }),
  })
  return whole(statement, '')
}

/** @returns what is wrong with an envelope's shape, in words */
export function faultOfEnvelope(envelope: unknown): string | undefined {
  const signature: Shape = (value, at) =>
    object({ keyid: digest, sig: text })(value, at) ?? (Object.keys(value as object).length === 2 ? undefined : `${at} holds more`)
  const signatures: Shape = (value, at) => listOf(signature)(value, at) ?? ((value as unknown[]).length > 0 ? undefined : `${at} is empty`)
  const whole = object({ payload: text, payloadType: oneOf('application/vnd.in-toto+json'), signatures })
  return whole(envelope, '') ?? (Object.keys(envelope as object).length === 3 ? undefined : 'it holds more than an envelope does')
}
