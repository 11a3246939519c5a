/** Lays out what a pack holds, in a folder of its own. */
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { productionPackages } from './dependencies.ts'

/** The file by which the launcher, and whoever checks it, knows a pack. */
export const SUMS = 'SHA256SUMS'

export interface Wanted {
  /** The project's folder. */
  readonly root: string
  /** Runbooks to take along; all that come with the program when there are none. */
  readonly runbooks: readonly string[]
  /** What a rehearsal of the offline half needs; undefined for a pack without it. */
  readonly rehearsal?: {
    /** SoftHSM2's library. */
    readonly softhsm: string
    /** Folder with the twin's library and token maker, ready built. */
    readonly built: string
  }
}

/** What is not needed to run a package: other platforms' headers, and notes of the build that name this machine's folders. */
const LEFT_OUT =
  /(^|\/)(build\/(Release\/(\.deps|obj\.target)|Makefile|config\.gypi|.*\.mk)|node-linux-[a-z0-9]+\/(include|share|lib))(\/|$)/

/** @param folder does not exist yet */
export function stage(folder: string, { root, runbooks, rehearsal }: Wanted): void {
  const plugins = readdirSync(join(root, 'plugins')).map((name) => join('plugins', name))
  const workspaces = ['engine', ...plugins, ...(rehearsal ? [join('rehearsal', 'nshield')] : [])]
  const packages = [...productionPackages(root, workspaces), nodePackage(root)]
  const take = (path: string): void => copy(join(root, path), join(folder, path))
  for (const path of ['ceremony', 'LICENSE', 'README.md', 'package.json', 'package-lock.json', 'tools', ...workspaces, ...packages])
    take(path)
  link(join(folder, 'node_modules', '.bin', 'node'), readlinkSync(join(root, 'node_modules', '.bin', 'node')))
  for (const name of readdirSync(join(root, 'node_modules', '@ceremony'))) {
    const target = readlinkSync(join(root, 'node_modules', '@ceremony', name))
    if (existsSync(join(folder, 'node_modules', '@ceremony', target))) link(join(folder, 'node_modules', '@ceremony', name), target)
  }
  if (runbooks.length === 0) take('runbooks')
  for (const runbook of runbooks) copy(runbook, join(folder, 'runbooks', basename(runbook)))
  if (rehearsal) {
    const twin = join(folder, 'rehearsal', 'nshield', 'built')
    for (const name of readdirSync(rehearsal.built)) copy(join(rehearsal.built, name), join(twin, name))
    copy(rehearsal.softhsm, join(folder, '.cache', 'softhsm', 'usr', 'lib', 'pack', 'softhsm', 'libsofthsm2.so'))
  }
  writeSums(folder)
}

/** The package with the Node that runs this. */
function nodePackage(root: string): string {
  const [, name] = readlinkSync(join(root, 'node_modules', '.bin', 'node')).split('/')
  return join('node_modules', name!)
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true })
  if (!statSync(from).isDirectory()) return void copyFile(from, to)
  cpSync(from, to, { recursive: true, verbatimSymlinks: true, filter: (path) => !leftOut(path, from) })
}

function copyFile(from: string, to: string): void {
  copyFileSync(from, to)
  chmodSync(to, statSync(from).mode & 0o100 ? 0o755 : 0o644)
}

/** A package's own dependencies come by themselves; links of tools are not needed. */
function leftOut(path: string, from: string): boolean {
  const below = path.slice(from.length)
  const ofPackage = path.includes('/node_modules/')
  return (ofPackage && LEFT_OUT.test(path)) || /\/node_modules\/\.bin(\/|$)/.test(below)
}

function link(path: string, target: string): void {
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(target, path)
}

/** Digests of all files, as `sha256sum -c` reads them. */
function writeSums(folder: string): void {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
  const lines = files.map(
    (file) =>
      `${createHash('sha256')
        .update(readFileSync(join(folder, file)))
        .digest('hex')}  ${file}\n`,
  )
  writeFileSync(join(folder, SUMS), lines.join(''))
}
