/** Opens an operator card set by its cards and hands its token over, for as long as one piece of work takes. */
import type { Context, Pkcs11Session } from '@ceremony/engine/plugin'
import { whileReading } from './card-dialogue.ts'
import { cardSetNotLoaded } from './card-errors.ts'
import { readQuorum } from './inputs.ts'
import { requireCardSet } from './nfkminfo.ts'

/**
 * Has the cards read (`preload`), opens the token, and closes both when `work` is done.
 * @throws PluginError `hsm/no-card-set`, `hsm/quorum-not-met`, `hsm/tool-failed`, `pkcs11/…`
 */
export async function withCardSet<T>(context: Context, cardSet: string, work: (session: Pkcs11Session) => Promise<T>): Promise<T> {
  const { quorum } = await requireCardSet(context, cardSet)
  const tokensFile = context.command.scratch('preloaded')
  const preload = await context.command.hold(
    { program: 'preload', args: ['-c', cardSet, `--preload-file=${tokensFile}`, 'pause'], answers: whileReading(cardSet) },
    'INFO: Loading complete\\.',
  )
  if (preload.result) throw cardSetNotLoaded(cardSet, preload.result, readQuorum(quorum))
  try {
    const session = await context.pkcs11.open({
      token: cardSet,
      environment: {
        NFAST_NFKM_TOKENSFILE: tokensFile,
        CKNFAST_LOADSHARING: '1',
        // The library's security assurance mechanism otherwise refuses token keys that can be wrapped out, as BYOK needs them.
        CKNFAST_OVERRIDE_SECURITY_ASSURANCES: 'tokenkeys',
      },
    })
    try {
      return await work(session)
    } finally {
      await session.close()
    }
  } finally {
    await preload.release()
  }
}
