/** Brings the module into a mode: by command, or by hand on models with a switch. */
import { type Context, PluginError } from '@ceremony/engine/plugin'
import { enquire } from './enquiry.ts'

const OPTIONS = { initialization: '-I', operational: '-O' } as const
/** The module needs about half a minute to clear; a person at the switch a little longer. */
const LOOKS = 120
const BETWEEN_LOOKS_MS = 2000

/**
 * @returns when `enquiry` shows the module in that mode
 * @throws PluginError `hsm/mode`
 */
export async function bringIntoMode(context: Context, module: number, mode: keyof typeof OPTIONS): Promise<void> {
  let found = (await enquire(context, module)).mode
  if (found === mode) return
  const cleared = await context.command.run({ program: 'nopclearfail', args: [OPTIONS[mode], '-m', String(module)] })
  if (cleared.exitCode !== 0 || !/command ClearUnitEx: OK/.test(cleared.stdout)) await askForSwitch(context, module, mode)
  for (let look = 1; look <= LOOKS; look++) {
    found = (await enquire(context, module)).mode
    if (found === mode) return
    await context.clock.sleep(BETWEEN_LOOKS_MS)
  }
  throw new PluginError('hsm/mode', `Module #${module} did not come into ${mode} mode.`, {
    found: `${found} mode after ${(LOOKS * BETWEEN_LOOKS_MS) / 60_000} minutes`,
    expected: `${mode} mode`,
    changed: 'unknown',
    advice: 'Look at the module’s status light and the mode switch; bring it into the mode by hand, then resume.',
  })
}

/** An Edge has no command for it: the person who sees `enquiry`'s answer turns the switch. */
async function askForSwitch(context: Context, module: number, mode: keyof typeof OPTIONS): Promise<void> {
  const letter = mode === 'operational' ? 'O' : 'I'
  await context.command.run({
    program: 'enquiry',
    args: [],
    answers: [
      {
        when: `^Module #${module}:\\r?\\n(?: .*\\r?\\n)*? mode +\\S+`,
        give: {
          hands: 'set-mode',
          ask: `Choose ${letter} with the Mode button of the module, then hold Clear for two seconds`,
          details: { module, mode },
        },
      },
    ],
  })
}
