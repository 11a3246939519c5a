/** What officers write down at an instruction: field by field, with its pattern, twice where a slip matters, then looked over as a whole. */
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Asking } from './desk.ts'
import { labelled, rowsOf } from './layout.ts'

interface FieldSchema {
  readonly type?: string
  readonly title?: string
  readonly description?: string
  readonly pattern?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly asked?: 'once' | 'twice'
  readonly properties?: Readonly<Record<string, FieldSchema>>
}
interface Field {
  /** Names from the outside in. */
  readonly path: readonly string[]
  readonly schema: FieldSchema
}

/**
 * @param given JSON Schema of an object, as `recordSchema` makes it
 * @returns the record, which fits the schema
 */
export async function recordAtDesk(desk: Asking, given: object): Promise<unknown> {
  const schema = given as FieldSchema
  const fields = [...fieldsOf(schema, [])]
  const answers = new Map<Field, unknown>()
  for (const field of fields) answers.set(field, await askField(desk, field))
  const validate = new Ajv2020({ allErrors: true, strict: false }).compile(schema)
  for (;;) {
    const record = assemble(schema, answers)
    desk.show(['', ...labelled('Written down', '', desk.width)])
    desk.show(
      fields.flatMap((field, index) => labelled(`  ${index + 1}`, `${field.path.join(', ')}: ${shown(answers.get(field))}`, desk.width)),
    )
    if (!validate(record))
      desk.say(`This does not fit: ${validate.errors?.map(({ instancePath, message }) => `${instancePath} ${message}`).join('; ')}`)
    const line = await desk.ask({
      text: 'Is all of this right? Type "yes", or the number of a line to correct it:',
      during: 'step',
      check: (line) => {
        if (line.trim() === 'yes') return validate(assemble(schema, answers)) ? undefined : 'Correct it first.'
        return fields[Number(line.trim()) - 1] ? undefined : `Type "yes", or a number from 1 to ${fields.length}.`
      },
    })
    if (line.trim() === 'yes') return record
    const field = fields[Number(line.trim()) - 1]!
    answers.set(field, await askField(desk, field))
  }
}

function* fieldsOf(schema: FieldSchema, path: readonly string[]): Generator<Field> {
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (property.type === 'object' && property.properties) yield* fieldsOf(property, [...path, name])
    else yield { path: [...path, name], schema: property }
  }
}

async function askField(desk: Asking, { path, schema }: Field): Promise<unknown> {
  const name = path.join(', ')
  const about = [schema.title, schema.description].filter(Boolean).join('. ')
  desk.show([
    '',
    ...labelled('Write down', about === '' ? name : `${name}: ${about}`, desk.width),
    ...hintOf(schema).flatMap((hint) => labelled('', hint, desk.width)),
  ])
  const check = checkOf(schema)
  for (;;) {
    const line = await desk.ask({ text: `${name}:`, during: 'step', kept: true, check: (line) => check(line).complaint })
    if (schema.asked !== 'twice') return check(line).value
    const again = await desk.ask({ text: `${name}, once more, read from the object again:`, during: 'step' })
    if (again.trim() === line.trim()) return check(line).value
    desk.say(`The two differ: "${line.trim()}" and "${again.trim()}". Look again, and type it twice.`)
  }
}

function hintOf({ type, pattern, enum: allowed }: FieldSchema): string[] {
  if (type === 'boolean')
    return [allowed?.length === 1 ? `Only "${allowed[0] === true ? 'yes' : 'no'}" lets the ceremony go on.` : '"yes" or "no"']
  if (allowed) return [`one of: ${allowed.join(', ')}`]
  if (pattern !== undefined) return [`form: ${pattern}`]
  return []
}

/** @returns the value of what was typed, or what is wrong with it */
function checkOf(schema: FieldSchema): (line: string) => { value?: unknown; complaint?: string } {
  const validate = new Ajv2020({ allErrors: true, strict: false }).compile(schema)
  return (line) => {
    const value = typedValue(line.trim(), schema)
    if (line.trim() === '') return { complaint: 'Something must be written down here.' }
    if (value === undefined)
      return { complaint: schema.type === 'boolean' ? 'Type "yes" or "no".' : `"${line.trim()}" is no ${schema.type}.` }
    if (validate(value)) return { value }
    const [error] = validate.errors ?? []
    return { complaint: `"${line.trim()}" does not fit: it ${error?.message}. Type it again.` }
  }
}

function typedValue(text: string, { type, enum: allowed }: FieldSchema): unknown {
  if (type === 'boolean') return text === 'yes' ? true : text === 'no' ? false : undefined
  if (type === 'integer' || type === 'number') return text !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined
  if (type === 'string') return text
  const named = allowed?.find((value) => String(value) === text)
  if (named !== undefined) return named
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function assemble(schema: FieldSchema, answers: ReadonlyMap<Field, unknown>): unknown {
  const record = frameOf(schema)
  for (const [{ path }, value] of answers) {
    let place = record
    for (const name of path.slice(0, -1)) place = place[name] as Record<string, unknown>
    place[path.at(-1)!] = value
  }
  return record
}

/** Objects without their values: a map for no item at all is written down too. */
function frameOf({ properties = {} }: FieldSchema): Record<string, unknown> {
  const maps = Object.entries(properties).filter(([, property]) => property.type === 'object')
  return Object.fromEntries(maps.map(([name, property]) => [name, frameOf(property)]))
}

const shown = (value: unknown): string => (value === true ? 'yes' : value === false ? 'no' : (rowsOf(value)[0]?.[1] ?? ''))
