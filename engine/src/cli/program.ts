/** The commands, their words and their exit codes: 0 done, 1 failed, 2 bad usage or runbook, 3 stopped and resumable. */
import { Command, CommanderError } from 'commander'
import { CeremonyError } from '../ceremony/error.ts'

/** Parses argv and runs what it says; sets the exit code. */
export async function program(version: string): Promise<void> {
  const ceremony = new Command('ceremony')
    .description('Run, verify and audit key ceremonies that are written down as runbooks.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('Add --help for how it is meant.')
    .addHelpText('after', EXAMPLES)
  ceremony.configureOutput({ outputError: (text, write) => write(text) })
  const exits = (command: Command, load: () => Promise<(...args: never[]) => Promise<number | undefined>>): Command =>
    command.exitOverride().action(async (...args) => {
      const run = await load()
      process.exitCode = (await run(...(args as never[]))) ?? 0
    })
  const lazily = (...about: Parameters<typeof exits>): void => void ceremony.addCommand(exits(...about))

  lazily(
    new Command('check')
      .description('Check runbooks: every error and warning with line and column')
      .argument('<runbook...>', 'runbooks (YAML)')
      .option('--json', 'findings as JSON on stdout')
      .addHelpText('after', '\nExample:\n  ceremony check runbooks/byok-ceremony.yaml'),
    async () => (await import('./check.ts')).check,
  )
  lazily(
    new Command('run')
      .description('Run a ceremony from a runbook, step by step')
      .argument('<runbook>', 'the runbook (YAML)')
      .requiredOption('--dir <dir>', 'folder for the ceremony: its transcript and artifacts')
      .requiredOption('--setup <file>', 'setup: mode, stations, cloud, HSM (YAML)')
      .option('--params <file>', 'values of the runbook’s parameters (YAML)')
      .option('--officers <file>', 'who takes part (YAML), or a folder of `ceremony officer new`: they answer at this terminal')
      .option('--unattended <file>', 'officers’ keys and answers (YAML); rehearsals only')
      .option('--plain', 'lines only, nothing that moves: for screen readers and logs')
      .addHelpText(
        'after',
        '\nExample:\n  ceremony run runbooks/byok-ceremony.yaml --dir ceremonies/first --setup setup.yaml --params parameters.yaml --officers officers.yaml',
      ),
    async () => (await import('./run.ts')).run,
  )
  lazily(
    new Command('resume')
      .description('Go on with a ceremony after a crash or a failure')
      .argument('<dir>', 'folder of the ceremony')
      .option('--officers <file>', 'where the officers’ keys are now; they answer at this terminal')
      .option('--plain', 'lines only, nothing that moves')
      .addHelpText('after', '\nExample:\n  ceremony resume ceremonies/first'),
    async () => (await import('./run.ts')).resume,
  )
  lazily(
    new Command('hand-over')
      .description('Write the bundle by which a ceremony is carried to another station')
      .argument('<dir>', 'folder of the ceremony')
      .requiredOption('--to <station>', 'the station that it was handed over to')
      .requiredOption('-o, --output <file>', 'the bundle, on the medium')
      .addHelpText('after', '\nExample:\n  ceremony hand-over ceremonies/first --to workstation -o /media/usb/first.bundle'),
    async () => (await import('./transfer.ts')).handOverCommand,
  )
  lazily(
    new Command('receive')
      .description('Verify the bundle of a ceremony and take it over at this station')
      .argument('<bundle>', 'the file that `hand-over` wrote')
      .requiredOption('--dir <dir>', 'folder of the ceremony at this station')
      .option('--setup <file>', 'setup of this station (YAML), if the folder is new')
      .option('--officers <file>', 'who takes part at this station (YAML or folder), if the folder is new')
      .option('--unattended <file>', 'officers’ keys and answers (YAML), if the folder is new; rehearsals only')
      .option('--digest <sha256>', 'digest of the bundle, from the paper or the telephone')
      .addHelpText('after', '\nExample:\n  ceremony receive /media/usb/first.bundle --dir ceremonies/first --setup setup.yaml'),
    async () => (await import('./transfer.ts')).receiveCommand,
  )
  const station = new Command('station').description('This machine as a station of ceremonies')
  station.addCommand(
    exits(
      new Command('init')
        .description('Make the station’s identity: a key of its own, and the public half for the others')
        .requiredOption('--name <station>', 'its name, as runbooks call it')
        .requiredOption('--dir <dir>', 'folder for its identity')
        .addHelpText('after', '\nExample:\n  ceremony station init --name hsm-room --dir station'),
      async () => (await import('./station.ts')).stationInit,
    ),
  )
  ceremony.addCommand(station.exitOverride())
  lazily(
    new Command('plan')
      .description('What a runbook will need: people, signatures, stations, cards, bags, waiting, and its steps')
      .argument('<runbook>', 'the runbook (YAML)')
      .option('--params <file>', 'values of the runbook’s parameters (YAML)')
      .option('--json', 'the plan as JSON on stdout')
      .addHelpText('after', '\nExample:\n  ceremony plan runbooks/byok-ceremony.yaml --params parameters.yaml'),
    async () => (await import('./plan.ts')).plan,
  )
  lazily(
    new Command('status')
      .description('Where a ceremony stands, who must act next, and its last entries; changes nothing')
      .argument('<dir>', 'folder of the ceremony')
      .option('--json', 'the same as JSON on stdout')
      .addHelpText('after', '\nExample:\n  ceremony status ceremonies/first'),
    async () => (await import('./status.ts')).status,
  )
  lazily(
    new Command('note')
      .description('Note something that is off script: an officer writes and signs it')
      .argument('<dir>', 'folder of the ceremony')
      .option('--officers <file>', 'where the officers’ keys are now')
      .addHelpText('after', '\nExample:\n  ceremony note ceremonies/first'),
    async () => (await import('./note.ts')).note,
  )
  const officer = new Command('officer').description('Officers’ keys: make them, show whose is which')
  officer.addCommand(
    exits(
      new Command('new')
        .description('Make an officer’s key under a passphrase, or take the key of a smartcard')
        .requiredOption('--name <name>', 'how the transcript names this person')
        .requiredOption('--role <role...>', 'the roles of this person')
        .option('--dir <dir>', 'folder for the identity file', '.')
        .option('--key <file>', 'where to write the key (default: beside the identity file)')
        .option('--library <file>', 'instead of a new key: the PKCS#11 library of a smartcard')
        .option('--token <label>', 'with --library: the label of the card’s token')
        .option('--card-key <label>', 'with --library: which key, if the card holds several')
        .addHelpText('after', '\nExample:\n  ceremony officer new --name crypto-officer-1 --role crypto-officer --dir officers'),
      async () => (await import('./officer.ts')).officerNew,
    ),
  )
  officer.addCommand(
    exits(
      new Command('show')
        .description('Show a fingerprint in hex, in words and as a QR code')
        .argument('<file>', 'an identity file')
        .option('--json', 'the same as JSON on stdout')
        .addHelpText('after', '\nExample:\n  ceremony officer show officers/crypto-officer-1.officer.yaml'),
      async () => (await import('./officer.ts')).officerShow,
    ),
  )
  officer.addCommand(
    exits(
      new Command('list')
        .description('List the officers of a folder')
        .argument('<dir>', 'a folder with identity files, or an officers’ file')
        .option('--json', 'the same as JSON on stdout')
        .addHelpText('after', '\nExample:\n  ceremony officer list officers'),
      async () => (await import('./officer.ts')).officerList,
    ),
  )
  ceremony.addCommand(officer)
  lazily(
    new Command('verify')
      .description('Verify a transcript: chain, signatures, quorums, order, artifacts')
      .argument('<dir>', 'folder of the ceremony, or its transcript file')
      .option('--trust <file>', 'keys (or fingerprints) that you trust (YAML)')
      .option('--head <digest>', 'SHA-256 of the last line, from the paper')
      .option('--json', 'the result as JSON on stdout')
      .addHelpText('after', '\nExample:\n  ceremony verify ceremonies/first --head 6f1d…'),
    async () => (await import('./verify.ts')).verify,
  )
  lazily(
    new Command('replay')
      .description('Run the recorded plugins again on the recording: everything must come out as it stands in the transcript')
      .argument('<dir>', 'folder of the ceremony, or its transcript with the artifacts beside it')
      .option('--trust <file>', 'keys (or fingerprints) that you trust (YAML)')
      .option('--head <digest>', 'SHA-256 of the last line, from the paper')
      .option('--with-current-plugins', 'run the installed plugins even if they are not the recorded ones: what would they do differently?')
      .option('--json', 'the result as JSON on stdout')
      .addHelpText('after', '\nExample:\n  ceremony replay ceremonies/first'),
    async () => (await import('./replay.ts')).replay,
  )
  lazily(
    new Command('report')
      .description('Write a report that verifies itself: one HTML file with the transcript in it')
      .argument('<dir>', 'folder of the ceremony, or its transcript file')
      .option('-o, --output <file>', 'the HTML file', 'report.html')
      .addHelpText('after', '\nExample:\n  ceremony report ceremonies/first -o report.html'),
    async () => (await import('./report.ts')).report,
  )
  lazily(
    new Command('script')
      .description('Write the printable script of a ceremony: before the day, or filled in from its transcript')
      .argument('[runbook]', 'the runbook (YAML)')
      .option('-o, --output <file>', 'the HTML file', 'script.html')
      .option('--params <file>', 'values of the runbook’s parameters (YAML); those left out stay blank')
      .option('--annotated <dir>', 'folder of a ceremony: its own runbook, with what was done')
      .addHelpText(
        'after',
        '\nExamples:\n  ceremony script runbooks/byok-ceremony.yaml --params parameters.yaml -o script.html\n  ceremony script --annotated ceremonies/first -o script.html',
      ),
    async () => (await import('./script.ts')).script,
  )
  lazily(
    new Command('schema')
      .description('Print the JSON Schema of runbooks, for editors')
      .addHelpText('after', '\nExample:\n  ceremony schema > runbook.schema.json'),
    async () => (await import('./schema.ts')).schema,
  )
  lazily(
    new Command('demo')
      .description('Rehearse a whole ceremony on the twins of the HSM and of Azure, then verify its transcript')
      .option('--dir <dir>', 'folder for the ceremony (default: a new one under ceremonies/)')
      .option('--by-hand', 'play all the officers yourself at this terminal; a cheat sheet says what they know')
      .option('--plain', 'with --by-hand: lines only, nothing that moves')
      .option('--scale <n>', 'how many times faster than real the clock runs', '120')
      .addHelpText('after', '\nExample:\n  ceremony demo --dir ceremonies/look'),
    async () => (await import('./demo.ts')).demo,
  )
  lazily(
    new Command('rehearse')
      .description('Rehearse a runbook on the twins as an earlier rehearsal left them: the same world, cards and vaults')
      .argument('<runbook>', 'the runbook (YAML)')
      .requiredOption('--after <dir>', 'folder of the earlier rehearsal, such as `ceremony demo` makes')
      .requiredOption('--dir <dir>', 'folder for this ceremony')
      .option('--with <file>', 'what officers bring and write down (default: rehearsals/NAME beside the runbook)')
      .option('--params <file>', 'values of parameters that differ (YAML)')
      .addHelpText('after', '\nExample:\n  ceremony rehearse runbooks/rotate-key.yaml --after ceremonies/look --dir ceremonies/rotated'),
    async () => (await import('./rehearse.ts')).rehearse,
  )
  lazily(
    new Command('doctor')
      .description('Is this station fit for this runbook? Looks at program, disk, keys, clock, HSM and network; changes nothing')
      .argument('[runbook]', 'the runbook (YAML)')
      .requiredOption('--setup <file>', 'setup: mode, stations, cloud, HSM (YAML)')
      .option('--dir <dir>', 'folder that the ceremony is to be in', '.')
      .option('--officers <file>', 'who takes part (YAML), or a folder of `ceremony officer new`')
      .option('--unattended <file>', 'a rehearsal’s answers: where the secret of the cloud’s credential is')
      .option('--json', 'the checks as JSON on stdout')
      .addHelpText('after', '\nExample:\n  ceremony doctor runbooks/byok-ceremony.yaml --setup setup.yaml --officers officers.yaml'),
    async () => (await import('./doctor.ts')).doctor,
  )
  lazily(
    new Command('pack')
      .description('Write everything that an offline station needs into one file: program, Node, plugins, runbooks, checksums')
      .requiredOption('-o, --output <file>', 'the pack (.tar.gz)')
      .option('--runbook <file...>', 'runbooks to take along (default: those that come with the program)')
      .option('--with-softhsm', 'add SoftHSM2 and the twin of the HSM, to rehearse there')
      .option('--json', 'file, digest and words as JSON on stdout')
      .addHelpText('after', '\nExample:\n  ceremony pack -o /media/usb/ceremony.tar.gz --with-softhsm'),
    async () => (await import('./pack.ts')).pack,
  )

  try {
    await ceremony.parseAsync()
  } catch (error) {
    process.exitCode = explain(error)
  }
}

const EXAMPLES = `
Start here:
  ceremony demo                                 see a whole ceremony in half a minute
  ceremony check runbooks/byok-ceremony.yaml    authors: is the runbook right?
  ceremony verify DIR                           auditors: does the transcript hold?

Exit codes: 0 done; 1 a step or a check failed; 2 bad usage or an invalid runbook; 3 stopped and resumable.`

/** Says on stderr what went wrong. @returns the exit code */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof CeremonyError) {
    process.stderr.write(
      `\n${error.message}\n  code      ${error.code}\n${block('found', error.found)}${block('expected', error.expected)}${block('do next', error.advice)}`,
    )
    return error.exitCode
  }
  process.stderr.write(
    `\nceremony stopped unexpectedly: ${(error as Error).stack ?? error}\nWhat is in the transcript is safe; \`ceremony resume DIR\` goes on.\n`,
  )
  return 3
}

function block(name: string, text: string): string {
  return `  ${name.padEnd(10)}${text.split('\n').join(`\n${' '.repeat(12)}`)}\n`
}
