/** JSON Schemas that came with a transcript. They are strangers' work: whatever they say, checking with them ends and prints nothing. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'

const MAX_LENGTH = 256 * 1024
/** How many compiled schemas are kept, so that a record which is asked for a thousand times is compiled once. */
const KEPT = 1000

export class Schemas {
  readonly #compiled = new Map<string, ValidateFunction>()

  /**
   * Checks data against a schema. References within the schema are followed, others are not; formats are not checked.
   * @returns the first difference, in words; undefined if there is none
   * @throws Error if the schema is none, or is too long
   */
  difference(schema: object, data: unknown): string | undefined {
    const validate = this.compile(schema)
    if (validate(data)) return undefined
    const [error] = validate.errors ?? []
    return `${error?.instancePath || '/'} ${error?.message} ${JSON.stringify(error?.params)}`
  }

  /** @throws Error if the schema is none, or is too long */
  compile(schema: object): ValidateFunction {
    const text = JSON.stringify(schema)
    const known = this.#compiled.get(text)
    if (known) return known
    if (text.length > MAX_LENGTH) throw new Error(`a schema of ${text.length} characters; ${MAX_LENGTH} are allowed`)
    // A schema with this word makes a promise of the answer, which counts as yes.
    if (text.includes('"$async"')) throw new Error('a schema with `$async`')
    // An instance for each: one that is shared would keep every schema that it ever saw.
    const ajv = new Ajv2020({
      strict: false,
      logger: false,
      validateFormats: false,
      validateSchema: false,
      meta: false,
      addUsedSchema: false,
    })
    const validate = ajv.compile(schema)
    if (this.#compiled.size >= KEPT) this.#compiled.clear()
    this.#compiled.set(text, validate)
    return validate
  }
}
