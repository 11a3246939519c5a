/** `ceremony script`: the printable script before the day, or the same filled in from a transcript. */
import { writeFileSync } from 'node:fs'
import { CeremonyError } from '../ceremony/error.ts'
import { readParameters } from '../ceremony/parameters-file.ts'
import { Plugins } from '../ceremony/plugins.ts'
import { readIfThere } from '../ceremony/setup-file.ts'
import { PluginError } from '../plugin/contract.ts'
import { ReportError } from '../report/gather.ts'
import { annotatedScript } from '../report/script/annotated.ts'
import { scriptOf } from '../report/script/script.ts'
import type { Runbook } from '../runbook/model.ts'
import { bindParameters } from '../runbook/parameters.ts'
import { parseRunbook } from '../runbook/parse.ts'
import { verifyTranscript } from '../transcript/verify.ts'

interface Options {
  readonly output: string
  readonly params?: string
  readonly annotated?: string
}

/**
 * @returns 0 when the script is written
 * @throws CeremonyError for a runbook or parameters that are of no use (exit 2), a transcript that does not hold (exit 1)
 */
export async function script(file: string | undefined, options: Options): Promise<number> {
  if ((file === undefined) === (options.annotated === undefined))
    throw unusable('script/usage', 'both or neither', 'a runbook, or --annotated with the folder of a ceremony')
  const page = options.annotated === undefined ? await blank(file!, options.params) : await annotated(options.annotated)
  writeFileSync(options.output, page)
  process.stdout.write(`${options.output}  ${(Buffer.byteLength(page) / 1024).toFixed(0)} KiB. Open it in a browser and print it.\n`)
  return 0
}

async function blank(file: string, params: string | undefined): Promise<string> {
  const source = readIfThere(file)
  if (!source) throw unusable('script/runbook', `nothing at ${file}`, 'a runbook')
  const { runbook, findings } = parseRunbook(source, file)
  const error = findings.find(({ severity }) => severity === 'error')
  if (!runbook || error) throw unusable('script/runbook', error?.message ?? 'no runbook', 'a runbook without errors: see `ceremony check`')
  const parameters = known(runbook, params)
  let plugins: Plugins | undefined
  try {
    plugins = await Plugins.start(Object.keys(runbook.plugins), undefined, () => {})
    const actions = new Map(
      plugins.descriptions().flatMap(({ name, actions }) => Object.entries(actions).map(([action, about]) => [`${name}/${action}`, about])),
    )
    const says = (plugin: string, action: string, inputs: unknown): Promise<string> => plugins!.says(plugin, action, inputs)
    return await scriptOf({
      runbook,
      parameters,
      describing: {
        title: (action) => actions.get(action)?.title,
        outputs: (action) => Object.keys((actions.get(action)?.output.properties ?? {}) as object),
        says,
      },
    })
  } catch (error) {
    if (!(error instanceof PluginError)) throw error
    throw unusable(error.code, error.found, error.expected)
  } finally {
    await plugins?.stop()
  }
}

/** Parameters that are not given yet are left blank; those that are must fit. */
function known(runbook: Runbook, params: string | undefined): Readonly<Record<string, unknown>> {
  const { parameters, findings } = bindParameters(runbook, readParameters(params))
  const wrong = findings.find(({ code }) => code !== 'parameters/missing')
  if (wrong) throw unusable(wrong.code, wrong.message, 'parameters as the runbook declares them')
  return parameters
}

async function annotated(place: string): Promise<string> {
  try {
    const { ok, verdict } = await verifyTranscript(place)
    if (ok) return await annotatedScript(place, `The transcript ${verdict}.`)
    throw new CeremonyError('script/does-not-hold', 'A script is not filled in from a transcript that does not hold.', {
      found: verdict,
      expected: 'a transcript that holds',
      advice: 'See `ceremony verify` for what is wrong with it.',
      exitCode: 1,
    })
  } catch (error) {
    if (error instanceof ReportError) throw unusable(error.code, error.message, 'the folder of a ceremony')
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') throw unusable('script/missing', (error as Error).message, 'the folder of a ceremony')
    throw error
  }
}

function unusable(code: string, found: string, expected: string): CeremonyError {
  return new CeremonyError(code, 'The script cannot be written.', { found, expected, advice: 'Correct that and start again.', exitCode: 2 })
}
