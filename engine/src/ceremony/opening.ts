/** Opens a ceremony: who takes part, where, with what, and that everyone who is needed is there. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Runbook } from '../runbook/model.ts'
import { bindParameters } from '../runbook/parameters.ts'
import type { Opened } from '../transcript/entry.ts'
import { identityOf, packPlugin } from '../transcript/plugin-package.ts'
import type { TranscriptStore } from '../transcript/store.ts'
import { CeremonyError } from './error.ts'
import { PARAMETERS, RUNBOOK } from './folder.ts'
import { engineIdentity } from './identity.ts'
import { readParameters } from './parameters-file.ts'
import type { People } from './people.ts'
import type { Plugins } from './plugins.ts'
import { refuseErrors } from './runbook-file.ts'
import { publicCloud, type Setup } from './setup-file.ts'
import type { Stations } from './stations.ts'
import type { Stage } from './step.ts'
import type { RunsWith } from './unchanged.ts'

/** Writes the opening entry: who, where, what, with which programs. Everyone present signs it. */
export async function open(stage: Stage, runsWith: RunsWith, people: People, store: TranscriptStore): Promise<void> {
  const { runbook, plugins, ledger } = stage
  checkPresence(runbook, people)
  await store.putArtifact(runbook.source)
  const packages = await Promise.all(
    plugins
      .packages()
      .map(async (plugin) => ({ name: `plugin-${plugin.name}.json`, digest: { sha256: await store.putArtifact(packPlugin(plugin)) } })),
  )
  const opened: Opened = { kind: 'opened', ...runsWith, parameters: parametersOf(store.dir, runbook), engine: engineIdentity() }
  const subjects = [{ name: RUNBOOK, digest: { sha256: runbook.sha256 } }, ...packages]
  const signers = await ledger.write(opened, runbook.steps[0]!.station, subjects, {
    quorum: 'everyone',
    says: `Open the ceremony: ${runbook.title}`,
  })
  stage.progress({ kind: 'signed', officers: signers, what: 'all' })
}

export function runsWithNow(setup: Setup, runbook: Runbook, plugins: Plugins, stations: Stations, people: People): RunsWith {
  const { name, version, title, sha256 } = runbook
  return {
    runbook: { name, version, title, sha256 },
    plugins: Object.fromEntries(plugins.packages().map((plugin) => [plugin.name, identityOf(plugin)])),
    stations: stations.known,
    officers: people.officers,
    clock_scale: setup.clock.scale,
    unattended: people.unattended,
    cloud: publicCloud(setup.cloud),
  }
}

function parametersOf(dir: string, runbook: Runbook): Record<string, unknown> {
  const file = join(dir, PARAMETERS)
  const { parameters, findings } = bindParameters(runbook, readParameters(existsSync(file) ? file : undefined))
  refuseErrors(findings)
  return parameters as Record<string, unknown>
}

/** @throws CeremonyError `open/roll-call` when a role has too few people */
function checkPresence(runbook: Runbook, people: People): void {
  const short = Object.entries(runbook.roles).flatMap(([role, { atLeast }]) => {
    const present = people.officers.filter((officer) => officer.roles.includes(role)).length
    return present < atLeast ? [`${role}: ${present} of ${atLeast}`] : []
  })
  if (short.length === 0) return
  throw new CeremonyError('open/roll-call', 'Not everyone who is needed is present.', {
    found: short.join(', '),
    expected: 'at least so many people in each role of the runbook',
    advice: 'Have the missing officers come, then start again; nothing was done.',
    exitCode: 2,
  })
}
