/** Which packages of `node_modules` the program needs at run time: what its workspaces name, and what those name in turn. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

interface PackageJson {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/**
 * @param root the project's folder
 * @param workspaces folders of the packages that are packed as source, below the root
 * @returns folders below the root, such as `node_modules/yaml`, sorted
 * @throws Error for a package that is named and not installed
 */
export function productionPackages(root: string, workspaces: readonly string[]): string[] {
  const found = new Set<string>()
  const waiting = workspaces.map((folder) => join(root, folder))
  const own = new Set(waiting)
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson
    const may = { ...about.optionalDependencies, ...about.peerDependencies }
    for (const name of Object.keys({ ...may, ...about.dependencies })) {
      if (name.startsWith('@ceremony/')) continue
      const place = locate(root, folder, name)
      if (place === undefined) {
        if (name in may) continue
        throw new Error(`${name}, which ${about.name} needs, is not installed in ${root}`)
      }
      if (found.has(place) || own.has(place)) continue
      found.add(place)
      waiting.push(place)
    }
  }
  // Packages inside a package's own node_modules come with it.
  return [...found]
    .filter((place) => ![...found].some((other) => place.startsWith(`${other}/`)))
    .map((place) => relative(root, place))
    .sort()
}

/** Looks where Node looks: beside the package, then further up. */
function locate(root: string, from: string, name: string): string | undefined {
  for (let folder = from; folder.startsWith(root.replace(/\/$/, '')); folder = dirname(folder)) {
    const place = join(folder, 'node_modules', name)
    if (existsSync(join(place, 'package.json'))) return place
  }
  return undefined
}
