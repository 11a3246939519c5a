/** Writes files as one archive whose bytes depend on the files alone: in the order given, without owners, without times. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream, renameSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Files } from './contents.ts'

export interface Archive {
  readonly sha256: string
  readonly size: number
}

const OPTIONS = ['--format=gnu', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=u+rwX,go+rX,go-w', '--no-recursion']

/**
 * @param top the only folder at the top of the archive
 * @param file gets the archive (`.tar.gz`), all of it or nothing
 * @throws Error when `tar` fails, or nothing can be written there
 */
export async function archive(top: string, sources: readonly Files[], file: string): Promise<Archive> {
  const draft = `${file}.new`
  const lists = sources.map((_, index) => `${draft}.list${index}`)
  try {
    for (const [index, { paths }] of sources.entries()) writeFileSync(lists[index]!, paths.map((path) => `${path}\0`).join(''))
    // Names are put below `top`; targets of links stay as they are.
    const options = [...OPTIONS, '--null', '--verbatim-files-from', `--transform=flags=rSH;s,^,${top}/,`, '-cf', '-']
    const made = await compress(
      [...options, ...sources.flatMap(({ folder }, index) => ['-C', folder, '-T', resolve(lists[index]!)])],
      draft,
    )
    renameSync(draft, file)
    return made
  } finally {
    for (const left of [draft, ...lists]) rmSync(left, { force: true })
  }
}

/** Runs tar, and writes what it makes compressed into the file. */
async function compress(args: readonly string[], file: string): Promise<Archive> {
  const tar = spawn('tar', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let complaint = ''
  tar.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString('utf8')
  })
  const ended = once(tar, 'close') as Promise<[number | null]>
  const hash = createHash('sha256')
  let size = 0
  const digest = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk)
      size += chunk.length
      done(null, chunk)
    },
  })
  await pipeline(tar.stdout, createGzip({ level: 6 }), digest, createWriteStream(file, { mode: 0o644, flush: true }))
  const [code] = await ended
  if (code !== 0) throw new Error(`tar ended with exit code ${code}: ${complaint.trim().slice(-1000)}`)
  return { sha256: hash.digest('hex'), size }
}
