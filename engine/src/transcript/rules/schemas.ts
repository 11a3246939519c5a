/** JSON Schemas that came with a transcript. They are strangers' work: whatever they say, checking with them ends and prints nothing. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { faultIn } from '../shape.ts'

const MAX_LENGTH = 256 * 1024
/** How many compiled schemas are kept: what is asked for ten thousand times is compiled once. */
const KEPT = 1000

const compiled = new Map<string, ValidateFunction>()
const texts = new WeakMap<object, string>()

/** A schema that cannot be used. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError'
}

/**
 * Checks data against a schema. References within the schema are followed, others are not; formats are not checked.
 * @returns the first difference, in words; undefined if there is none
 * @throws SchemaError if the schema is none, or is too long
 */
export function differenceFrom(schema: object, data: unknown): string | undefined {
  const validate = compile(schema)
  if (validate(data)) return undefined
  return faultIn(validate.errors?.[0])
}

function compile(schema: object): ValidateFunction {
  const text = texts.get(schema) ?? JSON.stringify(schema)
  texts.set(schema, text)
  const known = compiled.get(text)
  if (known) return known
  if (text.length > MAX_LENGTH) throw new SchemaError(`a schema of ${text.length} characters; ${MAX_LENGTH} are allowed`)
  // A schema with this word makes a promise of the answer, which counts as yes.
  if (text.includes('"$async"')) throw new SchemaError('a schema with `$async`')
  // An instance for each: one that is shared would keep every schema that it ever saw.
  const ajv = new Ajv2020({
    strict: false,
    logger: false,
    validateFormats: false,
    validateSchema: false,
    meta: false,
    addUsedSchema: false,
  })
  try {
    const validate = ajv.compile(schema)
    if (compiled.size >= KEPT) compiled.clear()
    compiled.set(text, validate)
    return validate
  } catch (error) {
    throw new SchemaError((error as Error).message)
  }
}
