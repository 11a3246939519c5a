/** What a pack holds: files of the installation as they lie, and a few that are put beside them. */
import { copyFileSync, lstatSync, mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { productionPackages } from './dependencies.ts'
import { digestOf, pathsBelow, SUMS } from './files.ts'

/** Files below one folder, by their paths in it, sorted. */
export interface Files {
  readonly folder: string
  readonly paths: readonly string[]
}

export interface Wanted {
  /** The project's folder. */
  readonly root: string
  /** Runbooks to take along; all that come with the program when there are none. */
  readonly runbooks: readonly string[]
  /** What a rehearsal of the offline half needs; undefined for a pack without it. */
  readonly rehearsal?: {
    /** SoftHSM2's library. */
    readonly softhsm: string
    /** The twin's library and token maker, ready built. */
    readonly built: readonly string[]
  }
}

/** What of a package is not needed to run it: types, maps, samples, headers, links of tools, and notes of a build that name this machine's folders. */
const LEFT_OUT =
  /(\.d\.[cm]?ts|\.map)$|\/(samples(-dev)?|\.bin|build\/(Release\/(\.deps|obj\.target)|Makefile|config\.gypi|[^/]*\.mk)|node-linux-[a-z0-9]+\/(include|share|lib))(\/|$)/

/**
 * @param added an empty folder for what is not in the installation: checksums, chosen runbooks, the built parts of a rehearsal
 * @returns the installation's files, and those in `added`
 */
export function contents({ root, runbooks, rehearsal }: Wanted, added: string): [Files, Files] {
  const plugins = readdirSync(join(root, 'plugins')).map((name) => join('plugins', name))
  const workspaces = ['engine', ...plugins, ...(rehearsal ? [join('rehearsal', 'nshield')] : [])]
  const parts = ['ceremony', 'LICENSE', 'README.md', 'package.json', 'package-lock.json', 'tools', ...workspaces]
  if (runbooks.length === 0) parts.push('runbooks')
  const packages = productionPackages(root, workspaces)
  const paths = [
    ...parts.flatMap((part) => filesBelow(root, part).filter((path) => !path.includes('node_modules/'))),
    ...[...packages, nodePackage(root)].flatMap((part) => filesBelow(root, part).filter((path) => !LEFT_OUT.test(path))),
    ...links(root, workspaces),
  ].sort()

  const add = (from: string, to: string): void => {
    mkdirSync(dirname(join(added, to)), { recursive: true })
    copyFileSync(from, join(added, to))
  }
  for (const runbook of runbooks) add(runbook, join('runbooks', basename(runbook)))
  if (rehearsal) {
    for (const file of rehearsal.built) add(file, join('rehearsal', 'nshield', 'built', basename(file)))
    add(rehearsal.softhsm, join('.cache', 'softhsm', 'usr', 'lib', 'pack', 'softhsm', basename(rehearsal.softhsm)))
  }
  const installed = { folder: root, paths }
  writeFileSync(join(added, SUMS), sums([installed, { folder: added, paths: filesBelow(added, '.') }]))
  return [installed, { folder: added, paths: filesBelow(added, '.').sort() }]
}

/** Digests of all files, as `sha256sum -c` reads them. */
function sums(sources: readonly Files[]): string {
  const lines = sources.flatMap(({ folder, paths }) =>
    paths.filter((path) => lstatSync(join(folder, path)).isFile()).map((path) => [path, digestOf(join(folder, path))] as const),
  )
  return lines
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, digest]) => `${digest}  ${path}\n`)
    .join('')
}

/** The package with the Node that runs this. */
function nodePackage(root: string): string {
  return join('node_modules', readlinkSync(join(root, 'node_modules', '.bin', 'node')).split('/')[1]!)
}

/** The links by which Node, and plugins the contract, are found. */
function links(root: string, workspaces: readonly string[]): string[] {
  const own = readdirSync(join(root, 'node_modules', '@ceremony')).map((name) => join('node_modules', '@ceremony', name))
  const packed = own.filter((link) => workspaces.some((workspace) => readlinkSync(join(root, link)).endsWith(`../${workspace}`)))
  return [join('node_modules', '.bin', 'node'), ...packed]
}

function filesBelow(root: string, part: string): string[] {
  if (!lstatSync(join(root, part)).isDirectory()) return [part]
  return pathsBelow(root, part).map(({ path }) => path)
}
