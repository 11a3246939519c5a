/** `ceremony doctor`: is this station fit for this runbook? Looks, and changes nothing. */
import { statSync } from 'node:fs'
import type { SecretsAndHands } from '../capability/people.ts'
import { readOfficerEntries } from '../ceremony/officers-file.ts'
import { Plugins } from '../ceremony/plugins.ts'
import { readRunbook } from '../ceremony/runbook-file.ts'
import { readSetup, type Setup } from '../ceremony/setup-file.ts'
import { unattendedPeople } from '../ceremony/unattended.ts'
import { bad, type Check } from '../doctor/check.ts'
import { checkHsm } from '../doctor/hsm.ts'
import { checkCloud, checkCutOff } from '../doctor/network.ts'
import { checkClock, checkFolder, checkKeys } from '../doctor/place.ts'
import { checkProgram, checkRunbookFits } from '../doctor/program.ts'
import { PluginError } from '../plugin/contract.ts'
import type { Runbook } from '../runbook/model.ts'
import { startCompanions } from './companions.ts'

interface Options {
  readonly setup: string
  readonly dir: string
  readonly officers?: string
  readonly unattended?: string
  readonly json?: boolean
}

/** @returns 0 if the station is fit, warnings or not; 1 if something fails */
export async function doctor(file: string | undefined, options: Options): Promise<number> {
  const setup = readSetup(options.setup)
  const runbook = file === undefined ? undefined : readRunbook(file)
  const own = Object.entries(setup.stations).flatMap(([name, station]) =>
    'key' in station ? [[`station ${name}`, station.key] as const] : [],
  )
  const officers =
    options.officers === undefined
      ? []
      : readOfficerEntries(options.officers).flatMap(({ name, key }) => (key === undefined ? [] : [[name, key] as const]))
  const known = Math.max(...[file, options.setup].map((path) => (path === undefined ? 0 : statSync(path).mtimeMs)))
  const checks = [...checkProgram(), ...(await checkFolder(options.dir)), ...checkKeys([...own, ...officers]), checkClock(known)]
  if (runbook) {
    const here = own.map(([name]) => name.slice('station '.length))
    checks.push(...(await checkStation(runbook, setup, here, options)))
  }
  process.stdout.write(options.json ? `${JSON.stringify(checks, null, 2)}\n` : describe(checks))
  return checks.some(({ verdict }) => verdict === 'fail') ? 1 : 0
}

/** What the runbook wants of the stations that this machine is. */
async function checkStation(runbook: Runbook, setup: Setup, here: readonly string[], { unattended }: Options): Promise<Check[]> {
  const checks: Check[] = []
  const stations = Object.entries(runbook.stations).filter(([name]) => here.includes(name))
  if (stations.length === 0) {
    const wanted = Object.keys(runbook.stations).join(', ')
    return [bad('station', here.join(', ') || 'none', `one of ${wanted}`, 'Name this machine’s own `key` under `stations:` in the setup.')]
  }
  let plugins: Plugins
  try {
    plugins = await Plugins.start(Object.keys(runbook.plugins), undefined, () => {})
  } catch (error) {
    if (!(error instanceof PluginError)) throw error
    return [bad('plugins', `${error.message} (${error.found})`, Object.keys(runbook.plugins).join(', '), error.advice)]
  }
  const stop = await startCompanions(setup.companions)
  try {
    checks.push(...checkRunbookFits(runbook, plugins))
    const used = new Set(
      runbook.steps.flatMap(({ station, does }) =>
        does.kind === 'plugin' && stations.some(([name]) => name === station) ? [does.plugin] : [],
      ),
    )
    const needs = [...used].map((name) => plugins.needs(name))
    checks.push(...(await checkHsm(setup.hsm, needs)))
    for (const [name, { network }] of stations) {
      if (network === 'none') checks.push(checkCutOff(name, setup.mode === 'production'))
      else checks.push(...(await checkWay(name, setup, unattended)))
    }
  } finally {
    await stop()
    await plugins.stop()
  }
  return checks
}

async function checkWay(station: string, setup: Setup, unattended: string | undefined): Promise<Check[]> {
  const { cloud, clock } = setup
  if (!cloud) return [bad(`network of ${station}`, 'no `cloud` in the setup', 'where the cloud is', 'Add `cloud:` to the setup.')]
  const people = unattended ? await unattendedPeople(unattended) : whoeverIsHere()
  const { liveHttp } = await import('../capability/http.ts')
  const http = liveHttp(cloud, people)
  try {
    return await checkCloud(station, cloud, http, clock.scale === 1)
  } finally {
    http.close()
  }
}

/** Asks at the terminal for the one secret that may be needed: that of the cloud's credential. Without a terminal nobody is asked. */
function whoeverIsHere(): SecretsAndHands {
  return {
    async secret({ ask }) {
      const { deskHere, hasTerminal } = await import('../terminal/desk.ts')
      if (!hasTerminal()) return undefined
      const desk = deskHere()
      const answer = await desk.askInMenu({ text: `${ask} (does not show; Enter to leave it out):`, hidden: true })
      desk.close()
      return answer || undefined
    },
    hands: async () => ({ done: false, reason: 'nobody is asked to do anything' }),
  }
}

const MARKS = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL' } as const

function describe(checks: readonly Check[]): string {
  const lines = checks.flatMap(({ name, verdict, found, expected, next }) => {
    const line = `${MARKS[verdict]}  ${name.padEnd(24)} ${found}`
    return verdict === 'ok' ? [line] : [line, `        expected               ${expected}`, `        do next                ${next}`]
  })
  const count = (verdict: Check['verdict']): number => checks.filter((check) => check.verdict === verdict).length
  const fit = count('fail') === 0 ? 'This station is fit' : 'This station is NOT fit'
  return `${[...lines, '', `${fit}: ${count('ok')} ok, ${count('warn')} warnings, ${count('fail')} failures.`].join('\n')}\n`
}
