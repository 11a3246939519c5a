/** Writes a folder as one archive whose bytes depend on its files alone: sorted, without owners, without times. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream, renameSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

export interface Archive {
  readonly sha256: string
  readonly size: number
}

/**
 * @param folder becomes the only folder at the top of the archive
 * @param file gets the archive (`.tar.gz`), all of it or nothing
 * @throws Error when `tar` fails, or nothing can be written there
 */
export async function archive(folder: string, file: string): Promise<Archive> {
  const options = ['--format=gnu', '--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=u+rwX,go+rX,go-w']
  const tar = spawn('tar', [...options, '-C', dirname(folder), '-cf', '-', basename(folder)], { stdio: ['ignore', 'pipe', 'pipe'] })
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
  const draft = `${file}.new`
  await pipeline(tar.stdout, createGzip({ level: 6 }), digest, createWriteStream(draft, { mode: 0o644, flush: true }))
  const [code] = await ended
  if (code !== 0) throw new Error(`tar ended with exit code ${code}: ${complaint.trim()}`)
  renameSync(draft, file)
  return { sha256: hash.digest('hex'), size }
}
