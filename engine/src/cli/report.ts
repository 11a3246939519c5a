/** `ceremony report`. */
import { CeremonyError } from '../ceremony/error.ts'
import { ReportError } from '../report/gather.ts'
import { writeReport } from '../report/report.ts'

/**
 * @returns 0 when the report is written; whether the transcript holds is for the report to find out
 * @throws CeremonyError where there is no transcript (exit 2)
 */
export async function report(place: string, options: { output: string }): Promise<number> {
  try {
    const { size, leftOut } = writeReport(place, options.output)
    const without = leftOut > 0 ? `, without ${leftOut} artifact${leftOut === 1 ? '' : 's'} that it lists` : ''
    process.stdout.write(`${options.output}  ${(size / 1024).toFixed(0)} KiB${without}. It verifies the transcript when it is opened.\n`)
    return 0
  } catch (error) {
    if (!(error instanceof ReportError)) throw error
    throw new CeremonyError(error.code, 'The report cannot be made.', {
      found: error.message,
      expected: 'the folder of a ceremony, or a transcript',
      advice:
        error.code === 'report/missing' ? 'Check the path.' : 'Check it with `ceremony verify` and `ceremony replay`, which read any size.',
      exitCode: 2,
    })
  }
}
