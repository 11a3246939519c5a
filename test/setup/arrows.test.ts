/** The import arrows, shown to fail: small projects laid out like this one, each with one import too many. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'ceremony-arrows-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** Every arrow that is allowed, once. */
const RIGHT: Record<string, string> = {
  'engine/package.json': '{ "name": "@ceremony/engine", "type": "module", "exports": { "./plugin": "./src/plugin/contract.ts" } }',
  'engine/src/cli/main.ts': "import '../ceremony/run.ts'\nimport '../report/timeline.ts'",
  'engine/src/ceremony/run.ts':
    "import '../runbook/model.ts'\nimport '../capability/doors.ts'\nimport '../transcript/store.ts'\nimport '../station/key.ts'\nimport '../officer/quorum.ts'\nimport '../plugin/contract.ts'",
  'engine/src/runbook/model.ts': 'export type Quorum = number',
  'engine/src/officer/quorum.ts': "import type { Quorum } from '../runbook/model.ts'\nexport type Met = Quorum",
  'engine/src/station/key.ts': "import '../transcript/store.ts'",
  'engine/src/transcript/store.ts': "import '../runbook/model.ts'\nimport '../officer/quorum.ts'",
  'engine/src/capability/doors.ts': "import '../plugin/contract.ts'\nimport '../transcript/store.ts'",
  'engine/src/plugin/contract.ts': 'export const contract = 1',
  'engine/src/report/timeline.ts': "import '../transcript/store.ts'",
  'plugins/one/src/index.ts': "import '@ceremony/engine/plugin'\nimport './own.ts'",
  'plugins/one/src/own.ts': 'export {}',
  'plugins/two/src/index.ts': "import '@ceremony/engine/plugin'",
  'rehearsal/azure/src/main.ts': "import './vault.ts'",
  'rehearsal/azure/src/vault.ts': 'export {}',
}

let projects = 0

/** Lays out the project, with these files in place of the right ones, and checks it. */
function arrows(changes: Record<string, string>): { status: number | null; output: string } {
  const dir = join(scratch, String(++projects))
  for (const [path, text] of Object.entries({ ...RIGHT, ...changes })) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), `${text}\n`)
  }
  mkdirSync(join(dir, 'node_modules/@ceremony'), { recursive: true })
  symlinkSync('../../engine', join(dir, 'node_modules/@ceremony/engine'))
  const depcruise = join(ROOT, 'node_modules/.bin/depcruise')
  const config = join(ROOT, '.dependency-cruiser.cjs')
  const { status, stdout, stderr } = spawnSync(process.execPath, [depcruise, '--config', config, 'engine', 'plugins', 'rehearsal'], {
    cwd: dir,
    encoding: 'utf8',
  })
  return { status, output: stdout + stderr }
}

test('what the house allows passes', () => {
  const { status, output } = arrows({})
  expect(output).toContain('no dependency violations found')
  expect(status).toBe(0)
})

test.each<[string, string, Record<string, string>]>([
  ['a runbook that imports the run', 'runbook-imports', { 'engine/src/runbook/model.ts': "import '../ceremony/run.ts'" }],
  [
    'a type from the command line in the transcript',
    'transcript-imports',
    { 'engine/src/transcript/store.ts': "import type {} from '../cli/main.ts'" },
  ],
  ['a plugin’s process that knows the command line', 'plugin-imports', { 'engine/src/plugin/contract.ts': "import '../cli/main.ts'" }],
  [
    'a run that knows the command line',
    'ceremony-imports',
    { 'engine/src/ceremony/run.ts': "export const later = () => import('../cli/main.ts')" },
  ],
  [
    'a run that knows the terminal',
    'ceremony-imports',
    { 'engine/src/ceremony/run.ts': "import '../terminal/desk.ts'", 'engine/src/terminal/desk.ts': 'export {}' },
  ],
  ['a report made from the run', 'report-imports', { 'engine/src/report/timeline.ts': "import '../ceremony/run.ts'" }],
  [
    'code for the browser that imports Node',
    'browser-imports-nothing-of-node',
    { 'engine/src/report/browser/main.ts': "import 'node:fs'" },
  ],
  [
    'a plugin that imports another part of the engine',
    'plugin-imports-contract-only',
    { 'plugins/one/src/own.ts': "import '../../../engine/src/runbook/model.ts'" },
  ],
  ['a plugin that imports another plugin', 'plugin-imports-contract-only', { 'plugins/one/src/own.ts': "import '../../two/src/index.ts'" }],
  ['a twin that imports the engine', 'twin-imports-itself-only', { 'rehearsal/azure/src/vault.ts': "import '@ceremony/engine/plugin'" }],
  ['an engine that imports a twin', 'cli-imports', { 'engine/src/cli/main.ts': "import '../../../rehearsal/azure/src/main.ts'" }],
  ['files in a circle', 'no-cycles', { 'plugins/one/src/own.ts': "import './index.ts'" }],
  ['a file that nothing imports', 'no-unused-files', { 'engine/src/runbook/left-over.ts': 'export {}' }],
  ['an import that leads nowhere', 'imports-resolve', { 'rehearsal/azure/src/vault.ts': "import './gone.ts'" }],
])('%s fails', (_, rule, changes) => {
  const { status, output } = arrows(changes)
  expect(output).toContain(`error ${rule}: `)
  expect(status).not.toBe(0)
})
