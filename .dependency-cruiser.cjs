// The import arrows: cli -> replay -> ceremony -> { runbook, plugin, capability, transcript, station, officer }, and never back.
// Type-only imports count as imports here, except in cycles: a cycle of types alone never runs.
const { existsSync, readdirSync } = require('node:fs')
const { join } = require('node:path')

// The folder that is checked: the project, or a test's fixture laid out like it.
const root = process.cwd()

/** An area of the engine may import itself, these areas, and packages; nothing else of the project. */
function area(name, mayImport, why) {
  const allowed = [name, ...mayImport].join('|')
  return {
    name: `${name}-imports`,
    comment: `engine/src/${name} may import ${mayImport.join(', ') || 'nothing else of the engine'}: ${why}`,
    severity: 'error',
    from: { path: `^engine/src/${name}/` },
    to: { path: '^(engine|plugins|rehearsal|test|bench|tools)/', pathNot: [`^engine/src/(${allowed})/`, '^engine/package\\.json$'] },
  }
}

// Files that are started, not imported.
const bin = join(root, 'rehearsal/nshield/bin')
const nshieldTools = existsSync(bin) ? readdirSync(bin).join('|') : ''
const started = [
  '^engine/src/cli/main\\.ts$',
  '^engine/src/plugin/host\\.ts$',
  '^engine/src/report/browser/main\\.ts$',
  '^engine/src/capability/pkcs11-process\\.ts$',
  '^engine/src/officer/card-process\\.ts$',
  '^engine/src/transcript/line-worker\\.ts$',
  '^plugins/[^/]+/src/index\\.ts$',
  '^rehearsal/azure/src/main\\.ts$',
  `^rehearsal/nshield/src/(${nshieldTools})\\.ts$`,
]

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    area('runbook', [], 'a runbook is read and checked without running anything'),
    area('officer', ['runbook', 'transcript'], 'officers sign envelopes, by the quorums a runbook names'),
    area('station', ['transcript'], 'a station signs envelopes'),
    area('transcript', ['runbook', 'officer'], 'a transcript is verified without the engine that wrote it'),
    area('plugin', ['runbook'], 'the contract and the process know nothing of who runs them'),
    area('capability', ['plugin', 'transcript'], 'doors carry out what plugins ask, and record it'),
    area('report', ['runbook', 'transcript'], 'reports are made from the transcript alone'),
    area('replay', ['runbook', 'plugin', 'capability', 'transcript', 'ceremony'], 'a replay runs the ceremony’s own code on its recording'),
    area('doctor', ['ceremony', 'runbook', 'plugin', 'capability', 'pack'], 'it looks at what a ceremony would use, by the same code'),
    area('pack', [], 'a pack is made of files alone'),
    area('ceremony', ['runbook', 'plugin', 'capability', 'transcript', 'station', 'officer'], 'the run knows nothing of the command line'),
    area('terminal', ['runbook', 'plugin', 'transcript', 'officer', 'ceremony'], 'people at a terminal are one way to run a ceremony'),
    {
      name: 'cli-imports',
      comment: 'the command line starts plugins and twins as processes, it never imports them',
      severity: 'error',
      from: { path: '^engine/src/cli/' },
      to: { path: '^(plugins|rehearsal|test|bench|tools)/' },
    },
    {
      name: 'browser-imports-nothing-of-node',
      comment: 'the code in the report runs in the reader’s browser, which has neither Node nor packages',
      severity: 'error',
      from: { path: '^engine/src/report/browser/' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'plugin-imports-contract-only',
      comment: 'a plugin imports its own files and @ceremony/engine/plugin',
      severity: 'error',
      from: { path: '^plugins/([^/]+)/' },
      to: { path: '^(engine|plugins|rehearsal|test|bench|tools)/', pathNot: ['^plugins/$1/', '^engine/src/plugin/contract\\.ts$'] },
    },
    {
      name: 'twin-imports-itself-only',
      comment: 'twins and engine meet on the wire; what one knows of the other would make the rehearsal prove less',
      severity: 'error',
      from: { path: '^rehearsal/([^/]+)/' },
      to: { path: '^(engine|plugins|rehearsal|test|bench|tools)/', pathNot: '^rehearsal/$1/' },
    },
    {
      name: 'no-cycles',
      comment: 'files that import each other in a circle cannot be understood one at a time',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-unused-files',
      comment: 'a file that nothing imports and nothing starts is dead',
      severity: 'error',
      module: { path: '^(engine|plugins|rehearsal)/.*\\.ts$', pathNot: started, numberOfDependentsLessThan: 1 },
      from: {},
    },
    {
      name: 'imports-resolve',
      comment: 'an import that leads nowhere',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    // TypeScript 7 has no API that dependency-cruiser can use; swc reads TypeScript, type-only imports included.
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['node', 'import', 'types'], extensions: ['.ts', '.js'] },
  },
}
