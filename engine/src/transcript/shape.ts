/** Whether a statement has the shape that its kind of entry has. Apart from the schemas, so that threads need not build them. */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'

/** Kind of entry -> JSON Schema of its statement. */
export type Shapes = Readonly<Record<string, object>>

export class ShapeChecker {
  readonly #validators: ReadonlyMap<string, ValidateFunction>

  constructor(shapes: Shapes) {
    // The schemas are our own: checking them against the schema of schemas takes longer than all else here.
    const ajv = new Ajv2020({ strict: false, validateSchema: false, meta: false })
    this.#validators = new Map(Object.entries(shapes).map(([kind, schema]) => [kind, ajv.compile(schema)]))
  }

  /** @returns what is wrong with the shape of a statement, in words; undefined if it is right */
  faultOf(statement: unknown): string | undefined {
    const kind = (statement as { predicate?: { kind?: unknown } } | null)?.predicate?.kind
    const validate = typeof kind === 'string' ? this.#validators.get(kind) : undefined
    if (!validate) return `kind is ${JSON.stringify(kind)}; known are ${[...this.#validators.keys()].join(', ')}`
    if (validate(statement)) return undefined
    return faultIn(validate.errors?.[0])
  }
}

/** @returns an error of ajv in words */
export function faultIn(error: ErrorObject | undefined): string {
  return `${error?.instancePath || '/'} ${error?.message} ${JSON.stringify(error?.params)}`
}
