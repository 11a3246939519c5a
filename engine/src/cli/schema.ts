/** `ceremony schema`. */
import { RunbookSchema } from '../runbook/schema.ts'

export async function schema(): Promise<undefined> {
  process.stdout.write(`${JSON.stringify(RunbookSchema, null, 2)}\n`)
}
