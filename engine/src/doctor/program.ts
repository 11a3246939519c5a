/** The program itself: the right Node, nothing changed in a pack, the runbook and its plugins as they belong together. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { engineIdentity } from '../ceremony/identity.ts'
import type { Plugins } from '../ceremony/plugins.ts'
import { digestOf, pathsBelow, SUMS } from '../pack/files.ts'
import { projectRoot } from '../plugin/package.ts'
import { checkRunbook } from '../runbook/check.ts'
import type { Runbook } from '../runbook/model.ts'
import { bad, type Check, good } from './check.ts'

/** What a running program leaves in its folder. */
const OWN = /^(\.cache\/compiled|ceremonies)\//

export function checkProgram(): Check[] {
  const root = projectRoot()
  const { optionalDependencies = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    optionalDependencies?: Record<string, string>
  }
  const wanted = `v${Object.values(optionalDependencies)[0]}`
  const node = process.version
  const { version, sha256, dependencies } = engineIdentity()
  return [
    node === wanted
      ? good('node', node, wanted)
      : bad('node', node, wanted, 'Start the program by `./ceremony`, which brings the Node that it was tested with.', 'warn'),
    good('engine', `${version}, ${sha256}`, 'the digest on the paper, if there is one'),
    good('dependencies', dependencies, 'the digest on the paper, if there is one'),
    checkPack(root),
  ]
}

/** Compares every file of a pack with its checksums. */
function checkPack(root: string): Check {
  const sums = join(root, SUMS)
  if (!statSync(sums, { throwIfNoEntry: false })) return good('pack', 'not a pack: an installation', 'a whole pack, or an installation')
  const listed = new Map(
    readFileSync(sums, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => [line.slice(66), line.slice(0, 64)]),
  )
  const present = new Set(pathsBelow(root).flatMap(({ path, entry }) => (entry.isFile() && path !== SUMS && !OWN.test(path) ? [path] : [])))
  const wrong = [...present].filter((path) => digestOf(join(root, path)) !== listed.get(path))
  const missing = [...listed.keys()].filter((path) => !present.has(path))
  const faults = [
    ...wrong.map((path) => `${path} ${listed.has(path) ? 'was changed' : 'does not belong to it'}`),
    ...missing.map((path) => `${path} is missing`),
  ]
  if (faults.length === 0) return good('pack', `${listed.size} files as packed`, 'every file as packed')
  const found = faults.slice(0, 5).join('; ') + (faults.length > 5 ? `; and ${faults.length - 5} more` : '')
  return bad(
    'pack',
    found,
    'every file as packed',
    'Unpack it again from a medium whose digest you have compared. Do not go on with this one.',
  )
}

export function checkRunbookFits(runbook: Runbook, plugins: Plugins): Check[] {
  const errors = checkRunbook(runbook, plugins.descriptions()).filter((finding) => finding.severity === 'error')
  const checks = plugins
    .descriptions()
    .map(({ name, version, sha256 }) => good(`plugin ${name}`, `${version}, ${sha256}`, runbook.plugins[name] ?? ''))
  const found = errors.map(({ position, message }) => `line ${position.line}: ${message}`).join('; ')
  const runs = `${runbook.name}, version ${runbook.version}, ${runbook.sha256}`
  return [
    errors.length === 0
      ? good('runbook', runs, 'no errors, and plugins of the versions that it names')
      : bad(
          'runbook',
          found,
          'no errors, and plugins of the versions that it names',
          'See `ceremony check`; install the plugins that it was written for.',
        ),
    ...checks,
  ]
}
