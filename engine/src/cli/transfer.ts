/** `ceremony hand-over` and `ceremony receive`: a ceremony moves to another station as one file. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { CeremonyError } from '../ceremony/error.ts'
import { ANSWERS, keepFile, SETUP } from '../ceremony/folder.ts'
import { handOver } from '../ceremony/hand-over.ts'
import { keepOfficers } from '../ceremony/officers-file.ts'
import { receive } from '../ceremony/receive.ts'
import { BundleError, digestOfBundle } from '../station/bundle.ts'
import { fingerprintLines } from './fingerprint.ts'

export async function handOverCommand(dir: string, { to, output }: { to: string; output: string }): Promise<undefined> {
  const { sha256, entries } = await handOver(dir, to, output)
  say([
    `${output} holds the ceremony up to entry ${entries}, for station ${to}.`,
    ...fingerprintLines('Digest', sha256),
    'Do next',
    `  unmount the medium and carry it to ${to}; there:`,
    `  ceremony receive ${output} --dir DIR`,
    '  ceremony resume DIR',
  ])
}

export async function receiveCommand(
  bundle: string,
  options: { dir: string; setup?: string; officers?: string; unattended?: string; digest?: string },
): Promise<undefined> {
  const { dir } = options
  const digest = checkedDigest(bundle, options.digest)
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  for (const [name, from] of [
    [SETUP, options.setup],
    [ANSWERS, options.unattended],
  ] as const)
    if (!existsSync(join(dir, name))) keepFile(dir, name, from)
  if (options.officers) keepOfficers(dir, options.officers)
  const { station, from, entries, head, already } = await receive(bundle, dir)
  say([
    already
      ? `This hand-over was received before; nothing was done. ${dir} is at ${station}.`
      : `Received from ${from} at ${station}: ${entries} entries, verified.`,
    ...fingerprintLines('Digest', digest),
    `Head      ${head}`,
    'Do next',
    `  ceremony resume ${dir}`,
  ])
}

function checkedDigest(bundle: string, expected: string | undefined): string {
  const refuse = (found: string): CeremonyError =>
    new CeremonyError('bundle/unfit', `${bundle} is not the bundle that was announced.`, {
      found,
      expected: expected ?? 'a file that `ceremony hand-over` wrote',
      advice: 'Compare the digests again; if they differ, have the other station write the bundle again. Nothing was changed.',
      exitCode: 1,
    })
  try {
    const digest = digestOfBundle(bundle)
    if (expected !== undefined && expected.replace(/[\s:]/g, '').toLowerCase() !== digest) throw refuse(digest)
    return digest
  } catch (error) {
    if (error instanceof BundleError || (error as NodeJS.ErrnoException).syscall) throw refuse((error as Error).message)
    throw error
  }
}

const say = (lines: readonly string[]): void => void process.stdout.write(`${lines.join('\n')}\n`)
