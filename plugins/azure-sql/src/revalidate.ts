/** Has a SQL server look at once whether it can use its TDE protector, and begin to bring its databases back if it can. */
import { action, afterEffect, Type } from '@ceremony/engine/plugin'
import { KEY_ADVICE, sqlClient } from './client.ts'
import { onServer } from './names.ts'
import { Protector, protectorInWords, protectorOutputs, readProtector } from './protector.ts'
import { changedBy, serviceError } from './service-error.ts'

export const revalidate = action({
  title: 'Have a SQL server check its TDE protector again',
  input: Type.Object(onServer, { additionalProperties: false }),
  output: Protector,
  says: (input) =>
    `Have SQL server \`${input.server}\` check at once whether it can use its TDE protector, and bring its databases back if it can.`,
  async run(input, context) {
    const client = await sqlClient(context)
    try {
      await client.encryptionProtectors.beginRevalidateAndWait(input['resource-group'], input.server, 'current')
    } catch (error) {
      throw serviceError(error, `revalidate the TDE protector of server \`${input.server}\``, KEY_ADVICE, changedBy(error))
    }
    return protectorOutputs(await afterEffect('the TDE protector was revalidated', () => readProtector(input, context)))
  },
  // It leaves no trace to look for, and asking twice does no more than asking once.
  async reconcile(input, context) {
    const found = await readProtector(input, context)
    const facts = `The TDE protector of ${input.server} is ${protectorInWords(found)}; whether it was revalidated does not show.`
    return { verdict: 'not-done', facts }
  },
})
