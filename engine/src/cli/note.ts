/** `ceremony note`. */
import { CeremonyError } from '../ceremony/error.ts'
import { goAtTerminal } from './at-terminal.ts'

/**
 * Has an officer note something off script; everything else waits.
 * @throws CeremonyError `note/nothing-open` (exit 2)
 */
export async function note(dir: string, options: { officers?: string }): Promise<undefined> {
  await goAtTerminal(dir, {
    ...options,
    plain: true,
    async errand({ history, note }, desk, { officers, present }) {
      const { opened, closed, handedOverTo } = history
      if (!opened || closed || handedOverTo !== undefined) {
        throw new CeremonyError('note/nothing-open', 'There is no ceremony here to note anything about.', {
          found: !opened
            ? 'a ceremony that is not opened yet'
            : closed
              ? 'a ceremony that is closed'
              : `one that was handed over to ${handedOverTo}`,
          expected: 'a ceremony that is under way at this station',
          advice: 'Write it on the paper beside the transcript.',
          exitCode: 2,
        })
      }
      desk.show(officers.map(({ name }, index) => `    ${index + 1}  ${name}`))
      const number = await desk.ask({
        text: 'Who notes it? Number:',
        during: 'rest',
        check: (line) => {
          const officer = officers[Number(line.trim()) - 1]
          if (!officer) return `A number from 1 to ${officers.length}.`
          return present.has(officer.name) ? undefined : 'That officer is not here.'
        },
      })
      const text = await desk.ask({
        text: 'What is off script? One line:',
        kept: true,
        during: 'rest',
        check: (line) => (line.trim() === '' ? 'In a few words.' : undefined),
      })
      await note(officers[Number(number.trim()) - 1]!.name, text.trim())
      desk.say('Noted; it is in the transcript.')
    },
  })
  return undefined
}
