/** `ceremony demo`: a whole ceremony, rehearsed on the twins, then verified. */
import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { prepare } from '../ceremony/folder.ts'
import { projectRoot } from '../plugin/package.ts'
import { writeReport } from '../report/report.ts'
import { drawTimeline, TimelineReader } from '../report/timeline.ts'
import { wrap } from '../terminal/layout.ts'
import { locate, readEntries } from '../transcript/store.ts'
import { verifyTranscript } from '../transcript/verify.ts'
import { goAtTerminal } from './at-terminal.ts'
import { CHEAT_SHEET, layOutRehearsal } from './rehearsal-folder.ts'
import { go } from './run.ts'

/** @returns 0 when the ceremony ended and its transcript verifies */
export async function demo(options: { dir?: string; scale: string; byHand?: boolean; plain?: boolean }): Promise<number> {
  const { byHand = false, plain = false } = options
  const dir = options.dir ?? join('ceremonies', new Date().toISOString().slice(0, 19).replaceAll(':', '-'))
  const say = (text: string): void => void process.stdout.write(`${text}\n`)
  const tell = (text: string): void => say(wrap(text, process.stdout.columns ?? 120).join('\n'))
  tell(
    `Rehearsing "Bring our own key to Azure" in ${dir}: two crypto officers and a witness, an nShield twin over SoftHSM2, ` +
      `an Azure twin over HTTPS, and a clock that runs ${options.scale} times as fast as yours.`,
  )
  if (!existsSync(join(dir, 'runbook.yaml'))) {
    await layOutRehearsal(dir, Number(options.scale), byHand)
    prepare(dir, {
      runbook: join(projectRoot(), 'runbooks', 'byok-ceremony.yaml'),
      setup: join(dir, 'setup.yaml'),
      ...(byHand ? { officers: join(dir, 'officers.yaml') } : { answers: join(dir, 'answers.yaml') }),
      parameters: join(dir, 'parameters.yaml'),
    })
  }
  if (byHand) {
    say('')
    tell(`You play all of them. What each one knows is in ${join(dir, CHEAT_SHEET)}: print it, or open it in another window.`)
    await goAtTerminal(dir, { plain })
  } else await go(dir)

  const result = await verifyTranscript(dir)
  const reader = new TimelineReader()
  for await (const { statement } of readEntries(locate(dir).file)) reader.read(statement.predicate)
  const here = relative(process.cwd(), dir) || '.'
  say('\nAvailability while the keys were deleted and recovered')
  for (const line of drawTimeline(reader.timeline(), 60)) say(`  ${line}`)
  const report = join(dir, 'report.html')
  writeReport(dir, report)
  say(`\nTranscript   ${join(here, 'transcript.intoto.jsonl')} (${result.entries} entries)`)
  say(`Report       ${join(here, 'report.html')}`)
  say(`Head         ${result.head}`)
  say(`Verdict      ${result.verdict}`)
  say('\nTry next')
  const command = (words: string, what: string): void => say(`  ${words.padEnd(56)} ${what}`)
  command(`open ${join(here, 'report.html')} in a browser`, 'it verifies the transcript by itself')
  command(`./ceremony verify ${here}`, 'check it as an auditor would')
  command(`./ceremony replay ${here}`, 'run the recorded plugins again, byte for byte')
  command('./ceremony check runbooks/byok-ceremony.yaml', 'check the runbook as an author would')
  return result.ok ? 0 : 1
}
