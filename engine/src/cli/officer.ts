/** `ceremony officer`: makes officers' keys, and shows whose key is which. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { correction, generate } from 'lean-qr'
import { stringify } from 'yaml'
import { CeremonyError } from '../ceremony/error.ts'
import { findOfficers, IDENTITY_FILE, type Officer, type OfficerEntry, readOfficerEntries } from '../ceremony/officers-file.ts'
import { createOfficerKey, MIN_PASSPHRASE } from '../officer/key-file.ts'
import { type Desk, deskHere, hasTerminal } from '../terminal/desk.ts'
import { printable } from '../terminal/printable.ts'
import { rowsOfWords, wordsOf } from '../transcript/words.ts'
import { noTerminal } from './at-terminal.ts'

interface NewOptions {
  name: string
  role: string[]
  key?: string
  library?: string
  token?: string
  cardKey?: string
  dir: string
}

/**
 * Makes a key under a passphrase that is typed twice, or takes the one of a smartcard, and writes the identity file.
 * @throws CeremonyError `officer/…` (exit 2)
 */
export async function officerNew(options: NewOptions): Promise<number> {
  const { name, role, dir, library, token, cardKey } = options
  if (!/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/.test(name)) throw fault('name', name, 'a name of letters, digits, blanks, dots and dashes')
  const identity = join(dir, `${fileName(name)}${IDENTITY_FILE}`)
  mkdirSync(dir, { recursive: true })
  if (existsSync(identity)) throw fault('exists', identity, 'a name that nobody has yet')
  let entry: OfficerEntry
  if (library !== undefined || token !== undefined) {
    if (library === undefined || token === undefined)
      throw fault('card', `--library ${library ?? 'missing'} --token ${token ?? 'missing'}`, 'both')
    entry = { name, roles: role, card: { library: resolve(library), token, ...(cardKey === undefined ? {} : { key: cardKey }) } }
  } else {
    const file = options.key ?? join(dir, `${fileName(name)}.pem`)
    await createOfficerKey(file, await askPassphrase(name))
    entry = { name, roles: role, key: relative(dirname(resolve(identity)), resolve(file)) }
  }
  const [officer] = await findOfficers([{ ...entry, ...(entry.key === undefined ? {} : { key: resolve(dirname(identity), entry.key) }) }])
  const about = { ...entry, fingerprint: officer!.key.keyid }
  writeFileSync(identity, stringify(about), { mode: 0o644, flag: 'wx', flush: true })
  process.stdout.write(`${describe(officer!, false)}\n\nWrote ${identity}. Give its folder to \`ceremony run --officers\`.\n`)
  return 0
}

/** Shows one officer's fingerprint: in hex, in words to read aloud, and as a QR code. */
export async function officerShow(file: string, { json = false }: { json?: boolean }): Promise<number> {
  for (const officer of await findOfficers(readOfficerEntries(file))) {
    process.stdout.write(json ? `${JSON.stringify(dataOf(officer))}\n` : `${describe(officer, true)}\n`)
  }
  return 0
}

/** Lists the officers of a folder, or of an officers' file. */
export async function officerList(place: string, { json = false }: { json?: boolean }): Promise<number> {
  const officers = await findOfficers(readOfficerEntries(place))
  if (json) process.stdout.write(`${JSON.stringify(officers.map(dataOf), null, 2)}\n`)
  else for (const officer of officers) process.stdout.write(`${describe(officer, false)}\n`)
  return 0
}

function dataOf({ name, roles, key }: Officer) {
  return { name, roles, fingerprint: key.keyid, words: wordsOf(key.keyid), public_key: key.publicKey, where: key.where }
}

function describe({ name, roles, key }: Officer, withCode: boolean): string {
  const rows = rowsOfWords(key.keyid).map((row) => `  ${row}`)
  const lines = [`${name} (${roles.join(', ')})`, `  ${key.where}`, `  ${key.keyid}`, ...rows].map(printable)
  if (!withCode) return lines.join('\n')
  // Capital letters make a smaller code, and a phone reads them as well.
  return [...lines, '', qrCode(key.keyid.toUpperCase())].join('\n')
}

/** Two rows of modules in one line of characters, dark on light as readers want it, with the quiet zone of the standard. */
function qrCode(text: string): string {
  const code = generate(text, { minCorrectionLevel: correction.M })
  const isLight = (x: number, y: number): boolean => !code.get(x, y)
  const lines: string[] = []
  for (let y = -4; y < code.size + 4; y += 2) {
    let line = ''
    for (let x = -4; x < code.size + 4; x++) line += isLight(x, y) ? (isLight(x, y + 1) ? '█' : '▀') : isLight(x, y + 1) ? '▄' : ' '
    lines.push(line)
  }
  return lines.join('\n')
}

async function askPassphrase(name: string): Promise<string> {
  if (!hasTerminal()) throw noTerminal()
  const desk = deskHere()
  desk.menu = () => desk.stop('left by Ctrl-C')
  try {
    return await Promise.race([typedTwice(desk, name), desk.stopped])
  } catch {
    throw fault('left', 'no passphrase', 'a passphrase that is typed twice')
  } finally {
    desk.close()
  }
}

async function typedTwice(desk: Desk, name: string): Promise<string> {
  desk.say(`Choose a passphrase that only ${name} knows: some words that do not belong together. Without it the key is lost.`)
  for (;;) {
    const first = await desk.ask({
      text: `New passphrase of ${name} (hidden):`,
      during: 'rest',
      hidden: true,
      check: (line) => (line.length >= MIN_PASSPHRASE ? undefined : `At least ${MIN_PASSPHRASE} characters.`),
    })
    const again = await desk.ask({ text: 'Once more:', during: 'rest', hidden: true })
    if (again === first) return first
    desk.say('The two differ. Start again.')
  }
}

const fileName = (name: string): string => basename(name.replaceAll(' ', '-'))

function fault(code: string, found: string, expected: string): CeremonyError {
  return new CeremonyError(`officer/${code}`, 'No key was made.', {
    found,
    expected,
    advice: 'Start again; nothing was written.',
    exitCode: 2,
  })
}
