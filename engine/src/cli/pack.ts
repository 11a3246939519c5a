/** `ceremony pack`: everything that an offline station needs, in one file whose digest is compared on site. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { arch, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { CeremonyError } from '../ceremony/error.ts'
import { readRunbook } from '../ceremony/runbook-file.ts'
import { type Archive, archive } from '../pack/archive.ts'
import { contents } from '../pack/contents.ts'
import { projectRoot } from '../plugin/package.ts'
import { rowsOfWords, wordsOf } from '../transcript/words.ts'
import { NSHIELD } from './rehearsal-folder.ts'

interface Options {
  readonly output: string
  readonly runbook?: string[]
  readonly withSofthsm?: boolean
  readonly json?: boolean
}

/**
 * @returns 0 when the pack is written
 * @throws CeremonyError `pack/failed`, `runbook/…`
 */
export async function pack({ output, runbook = [], withSofthsm = false, json }: Options): Promise<number> {
  for (const file of runbook) readRunbook(file)
  const root = projectRoot().replace(/\/$/, '')
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const work = mkdtempSync(join(tmpdir(), 'ceremony-pack-'))
  try {
    const [twin, added] = [join(work, 'twin'), join(work, 'added')] as const
    for (const folder of [twin, added]) mkdirSync(folder)
    const rehearsal = withSofthsm ? { rehearsal: { softhsm: await findSofthsm(root), built: await buildTwin(twin) } } : {}
    const top = `ceremony-${version}-linux-${arch()}`
    const made = await archive(top, contents({ root, runbooks: runbook, ...rehearsal }, added), output)
    process.stdout.write(json ? `${JSON.stringify({ file: output, ...made, words: wordsOf(made.sha256) })}\n` : describe(output, top, made))
    return 0
  } catch (error) {
    if (error instanceof CeremonyError) throw error
    throw new CeremonyError('pack/failed', 'The pack could not be made.', {
      found: (error as Error).message,
      expected: 'a complete installation of this program, GNU tar, and room for about 100 MB where the pack is to be',
      advice: 'Mend the cause and start again; nothing was left behind.',
      exitCode: 1,
      cause: error,
    })
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

async function findSofthsm(root: string): Promise<string> {
  return (await promisify(execFile)('sh', [join(root, 'tools', 'softhsm.sh'), root])).stdout.trim()
}

/** The twin's library and token maker, which the offline machine has no compiler for. */
async function buildTwin(folder: string): Promise<string[]> {
  await promisify(execFile)(join(NSHIELD, 'bin', 'build-library'), [], {
    env: { ...process.env, NSHIELD_TWIN: folder, CEREMONY_NODE: process.execPath },
  })
  return readdirSync(folder).map((name) => join(folder, name))
}

function describe(file: string, top: string, { sha256, size }: Archive): string {
  const rows = rowsOfWords(sha256).map((row) => `          ${row}`)
  return `${file}  ${(size / 1024 / 1024).toFixed(0)} MiB

Write on the paper, and compare on site before anything is unpacked (sha256sum ${basename(file)}):
  SHA-256 ${sha256}
${rows.join('\n')}

On site:
  tar -xzf ${basename(file)} && cd ${top}
  sha256sum --quiet -c SHA256SUMS
  ./ceremony --version
It needs Linux with a C library no older than this machine's, libstdc++, libatomic and util-linux; no network, no Node.js, no npm.
`
}
