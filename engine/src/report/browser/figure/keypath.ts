/** The key's path: from the HSM through the package for one vault to the services that are encrypted under it. */
import { type Child, h, s, table } from '../dom.ts'
import type { KeyPath, Route } from '../keypath.ts'
import { clipped, grouped } from '../text.ts'
import { entryLink } from '../view/page.ts'
import { figure } from './figure.ts'
import { fitted } from './fit.ts'

const ROW = 104
const BOX = 76
const TOP = 34
const GAP = 40
const COLUMNS = ['In the HSM', 'Package', 'In the vault', 'Encrypts'] as const

/** @returns the figure; undefined where no key was made */
export function keyPathFigure(path: KeyPath): HTMLElement | undefined {
  if (path.routes.length === 0) return undefined
  return figure({
    title: 'The path of the keys',
    caption:
      'From left to right: the key where it was made, the package that only one vault’s key exchange key can open, the key as that vault shows it, and what is encrypted under it. The digest of the public modulus is under each box: where it is the same, it is the same key.',
    draw: (width) => draw(path, width),
    data: () => dataOf(path),
    dataLabel: 'The same as a table',
    minimum: 760,
  })
}

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
}

function draw({ hsm, routes }: KeyPath, width: number): SVGElement {
  const column = (width - 8 - 3 * GAP) / 4
  const at = (index: number, row: number): Box => ({ x: 4 + index * (column + GAP), y: TOP + row * ROW, width: column })
  const height = TOP + routes.length * ROW
  const keys = [...new Set(routes.map(({ key }) => key))]
  const drawn = routes.map((route, row): Child => routeOf(route, row, at))
  return s(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-labelledby': 'path-drawn path-desc', class: 'chart path' },
    s('title', { id: 'path-drawn' }, 'The path of the keys from the HSM to the services'),
    s('desc', { id: 'path-desc' }, routes.map(describe).join(' ')),
    s(
      'defs',
      {},
      s(
        'marker',
        { id: 'arrow', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto' },
        s('path', { d: 'M0 0 L8 4 L0 8 z', class: 'arrowhead' }),
      ),
    ),
    COLUMNS.map((name, index) =>
      s('text', { class: 'column', x: at(index, 0).x, y: 16 }, fitted(index === 0 && hsm ? `${name} ${hsm}` : name, column)),
    ),
    keys.map((key) => {
      const rows = routes.flatMap((route, row) => (route.key === key ? [row] : []))
      const middle = (rows[0]! + rows.at(-1)!) / 2
      const box = at(0, middle)
      return [
        rows.filter((row) => routes[row]!.packed).map((row) => arrow(box, at(1, row))),
        boxOf(box, key.label, [`${key.bits ? `RSA ${key.bits}, ` : ''}cards ${key.cardSet}`], key.modulus, 'hsm'),
      ]
    }),
    drawn,
  )
}

function routeOf({ packed, imported, services, refused }: Route, row: number, at: (index: number, row: number) => Box): Child {
  const [pack, vault, service] = [at(1, row), at(2, row), at(3, row)]
  return [
    packed && imported && arrow(pack, vault),
    imported && services.length > 0 && arrow(vault, service),
    packed &&
      boxOf(
        pack,
        packed.name,
        [packed.madeFor === '' ? '' : `for ${packed.madeFor}`, ...refused.slice(0, 1).map(({ vault }) => `✕ refused by ${vault}`)],
        undefined,
        'package',
      ),
    imported &&
      boxOf(
        vault,
        imported.vault,
        [[imported.location, nameOf(imported.kid)].filter((part) => part !== '').join(' · ')],
        imported.modulus,
        'vault',
      ),
    services[0] &&
      boxOf(
        service,
        services[0].name,
        [services[0].kind, services.length > 1 ? `and ${services.length - 1} more` : ''],
        undefined,
        'service',
      ),
  ]
}

function boxOf({ x, y, width }: Box, title: string, lines: readonly string[], modulus: string | undefined, look: string): SVGElement {
  const room = width - 20
  const shown = lines.filter((line) => line !== '')
  return s(
    'g',
    { class: `box ${look}` },
    s('rect', { x, y, width, height: BOX, rx: 3 }),
    s('text', { class: 'name', x: x + 10, y: y + 22 }, fitted(title, room, '600 13px')),
    shown.map((line, index) =>
      s('text', { class: line.startsWith('✕') ? 'refusal' : 'label', x: x + 10, y: y + 40 + index * 16 }, fitted(line, room)),
    ),
    modulus !== undefined &&
      s('text', { class: 'digits', x: x + 10, y: y + 64 }, `n ${grouped(modulus.slice(0, width > 150 ? 16 : 8), 4)}…`),
  )
}

function arrow(from: Box, to: Box): SVGElement {
  const [x1, y1, x2, y2] = [from.x + from.width, from.y + BOX / 2, to.x - 2, to.y + BOX / 2]
  const bend = (x2 - x1) / 2
  return s('path', { class: 'arrow', d: `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`, 'marker-end': 'url(#arrow)' })
}

/** `https://…/keys/storage-key/f071…` -> `storage-key` */
function nameOf(kid: string): string {
  return /\/keys\/([^/]+)/.exec(kid)?.[1] ?? kid
}

function describe({ key, packed, imported, services, refused }: Route): string {
  const same = imported ? (imported.modulus === key.modulus ? ' with the same modulus' : ' WITH ANOTHER MODULUS') : ''
  return [
    `${key.label} was made in the HSM`,
    packed ? `packed as ${packed.name}` : '',
    imported ? `uploaded to ${imported.vault}${imported.location ? ` in ${imported.location}` : ''}${same}` : '',
    services.length > 0 ? `where it encrypts ${services.map(({ name, kind }) => `${name} (${kind})`).join(' and ')}` : '',
    refused.length > 0 ? `and the package was refused by ${refused.map(({ vault }) => vault).join(', ')}` : '',
  ]
    .filter((part) => part !== '')
    .join(', ')
    .concat('.')
}

function dataOf({ routes }: KeyPath): HTMLElement {
  return table(
    'Keys, packages, vaults and services',
    ['Key', 'Made', 'Modulus (SHA-256)', 'Package', 'Vault', 'Same modulus in the vault', 'Encrypts'],
    routes.map(({ key, packed, imported, services, refused }) => [
      clipped(key.label, 100),
      entryLink(key.line),
      h('code', { class: 'digits' }, grouped(key.modulus)),
      packed
        ? [
            clipped(packed.name, 120),
            ' ',
            entryLink(packed.line),
            refused.map(({ vault, line }) => [`, refused by ${vault} `, entryLink(line)]),
          ]
        : '–',
      imported ? [imported.vault, imported.location && ` (${imported.location})`, ' ', entryLink(imported.line)] : '–',
      imported ? (imported.modulus === key.modulus ? '✓ yes' : '✕ NO') : '–',
      services.length > 0 ? services.map(({ name, kind, line }) => [`${name} (${kind}) `, entryLink(line), ' ']) : '–',
    ]),
  )
}
