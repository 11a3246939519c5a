/** A room without a network and with next to nothing in it: a root folder of its own, in namespaces of its own, with a shell and a few tools. */
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const TOOLS = [
  '/bin/sh',
  '/bin/cat',
  '/bin/mkdir',
  '/bin/ls',
  '/bin/tar',
  '/bin/gzip',
  '/usr/bin/sha256sum',
  '/usr/bin/env',
  '/usr/bin/readlink',
]
/** What Node and SoftHSM2 need of any Linux; there is no compiler, no Node.js and no npm. */
const LIBRARIES = [
  'libstdc++.so.6',
  'libgcc_s.so.1',
  'libm.so.6',
  'libatomic.so.1',
  'libdl.so.2',
  'libpthread.so.0',
  'libcrypto.so.3',
  'libc.so.6',
]

export interface Room {
  readonly root: string
  /** Runs a command inside, with an environment of PATH alone. */
  run(folder: string, ...command: string[]): { code: number | null; stdout: string; stderr: string }
  remove(): void
}

/** @returns undefined where the system lets no such room be made */
export function buildRoom(): Room | undefined {
  const root = mkdtempSync(join(tmpdir(), 'ceremony-room-'))
  const bring = (path: string): void => {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    if (!existsSync(join(root, path))) copyFileSync(path, join(root, path))
  }
  for (const tool of TOOLS) {
    bring(tool)
    for (const [library] of execFileSync('ldd', [tool], { encoding: 'utf8' }).matchAll(/\/\S+(?= \()/g)) bring(library)
  }
  const known = execFileSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8' })
  for (const name of LIBRARIES) {
    const path = known.match(new RegExp(`\\t${name.replaceAll('.', '\\.').replaceAll('+', '\\+')} .*=> (/\\S+)`))?.[1]
    if (path) bring(path)
  }
  for (const folder of ['dev', 'proc', 'tmp', 'opt', 'home', 'etc']) mkdirSync(join(root, folder), { recursive: true })
  if (!existsSync(join(root, 'usr', 'bin', 'cat'))) symlinkSync('/bin/cat', join(root, 'usr', 'bin', 'cat'))
  writeFileSync(join(root, 'etc', 'passwd'), 'root:x:0:0::/home:/bin/sh\n')
  // Devices and processes are there; interfaces, but for one that is down, are not.
  const enter = `mount --rbind /dev ${root}/dev && mount -t proc proc ${root}/proc && exec chroot ${root} /usr/bin/env -i PATH=/usr/bin:/bin /bin/sh -c 'cd "$0" && exec "$@"' "$@"`
  const run: Room['run'] = (folder, ...command) => {
    const namespaces = ['--map-root-user', '--net', '--mount', '--pid', '--fork', '--kill-child']
    const { status, stdout, stderr } = spawnSync('unshare', [...namespaces, 'sh', '-c', enter, 'sh', folder, ...command], {
      encoding: 'utf8',
    })
    return { code: status, stdout, stderr }
  }
  const remove = (): void => rmSync(root, { recursive: true, force: true })
  if (run('/', 'ls').code === 0) return { root, run, remove }
  remove()
  return undefined
}
