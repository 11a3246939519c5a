/**
 * Lays out a folder for a rehearsal of the bring-your-own-key ceremony: officers with generated keys, cards, a twin of the
 * HSM and a twin of Azure, and the setup that points at them. Everything in it is made up, and fresh each time.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import { stringify } from 'yaml'
import { createOfficerKey } from '../officer/key-file.ts'
import { projectRoot } from '../plugin/package.ts'
import { createStationKey } from '../station/key.ts'
import { wordsOf } from '../transcript/words.ts'

export const NSHIELD = join(projectRoot(), 'rehearsal', 'nshield')
const AZURE = join(projectRoot(), 'rehearsal', 'azure')
const CARDS = 3
const OFFICERS = [
  { name: 'crypto-officer-1', roles: ['crypto-officer'] },
  { name: 'crypto-officer-2', roles: ['crypto-officer'] },
  { name: 'internal-witness-1', roles: ['internal-witness'] },
]
const CARD_SET = 'contoso'
/** What real people know or hold, for those who rehearse by hand. */
export const CHEAT_SHEET = 'cheat-sheet.txt'

/** @returns a passphrase nobody has to remember */
export const passphrase = (): string => randomBytes(18).toString('base64url')

/** @returns a passphrase that is soon typed: it protects nothing but a rehearsal */
const easyPassphrase = (): string => wordsOf(randomBytes(3).toString('hex')).join(' ').toLowerCase()

/**
 * @param dir the ceremony's folder; gets setup.yaml, answers.yaml, parameters.yaml and what they name
 * @param scale how many times faster than real the clocks run
 * @param byHand people answer at a terminal, with passphrases that can be typed; a cheat sheet tells them
 */
export async function layOutRehearsal(dir: string, scale: number, byHand = false): Promise<void> {
  const rehearsal = join(dir, 'rehearsal')
  const nshield = join(rehearsal, 'nshield')
  for (const folder of ['keys', 'rehearsal/azure', 'rehearsal/nshield']) mkdirSync(join(dir, folder), { recursive: true, mode: 0o700 })
  const environment = twinEnvironment(nshield)
  const azure = await azureSeed(join(rehearsal, 'azure-seed.yaml'))
  const port = await freePort()
  const origin = Date.now()

  const secrets: Record<string, string> = { 'azure-client-secret': azure.secret }
  const typed = byHand ? easyPassphrase : passphrase
  for (let card = 1; card <= CARDS; card++) {
    secrets[`administrator-card/${card}`] = typed()
    secrets[`operator-card/${CARD_SET}/${card}`] = typed()
  }
  const officers = OFFICERS.map((officer) => ({ ...officer, key: `keys/${officer.name}.pem`, passphrase: typed() }))
  await Promise.all([
    execa(join(NSHIELD, 'bin', 'new-rack'), ['--cards', String(2 * CARDS)], { env: environment }),
    ...officers.map((officer) => createOfficerKey(join(dir, officer.key), officer.passphrase)),
    ...['hsm-room', 'workstation'].map((station) => createStationKey(join(dir, 'keys', `${station}.pem`))),
  ])

  const write = (name: string, data: unknown): void => writeFileSync(join(dir, name), stringify(data), { mode: 0o600 })
  write('setup.yaml', {
    mode: 'rehearsal',
    clock: { origin, scale },
    stations: { 'hsm-room': { key: 'keys/hsm-room.pem' }, workstation: { key: 'keys/workstation.pem' } },
    cloud: {
      name: 'rehearsal',
      tenant: azure.tenant,
      subscription: azure.subscription,
      authority: 'https://login.azure.test',
      'resource-manager': 'https://management.azure.test',
      suffixes: { vault: 'vault.azure.test', blob: 'blob.core.azure.test', sql: 'database.azure.test' },
      ca: 'rehearsal/azure/ca.pem',
      connect: `127.0.0.1:${port}`,
      credential: { kind: 'client-secret', 'client-id': azure.client, secret: 'azure-client-secret' },
    },
    hsm: { tools: join(NSHIELD, 'bin'), library: 'rehearsal/nshield/libcknfast.so', environment },
    hands: { run: [join(NSHIELD, 'bin', 'hands')], environment },
    companions: [
      {
        name: 'the twin of Azure',
        run: [
          process.execPath,
          join(AZURE, 'src', 'main.ts'),
          '--state',
          join(rehearsal, 'azure'),
          '--seed',
          join(rehearsal, 'azure-seed.yaml'),
        ].concat(['--port', String(port), '--time-origin', String(origin), '--time-scale', String(scale)]),
      },
    ],
  })
  write('parameters.yaml', {
    'card-set': CARD_SET,
    'resource-group': 'keys',
    administrator: azure.administrator,
    geographies: {
      europe: { vault: 'contoso-keys-eu', location: 'westeurope' },
      america: { vault: 'contoso-keys-us', location: 'eastus' },
    },
    'storage-account': 'contosodata',
    'sql-server': 'contoso-sql',
    'sql-database': 'orders',
  })
  const bags = (first: number) => Object.fromEntries(Array.from({ length: CARDS }, (_, index) => [String(index + 1), `RH${first + index}`]))
  if (byHand) {
    write('officers.yaml', { officers: officers.map(({ name, roles, key }) => ({ name, roles, key })) })
    writeFileSync(join(dir, CHEAT_SHEET), cheatSheet(officers, secrets), { mode: 0o600 })
    return
  }
  write('answers.yaml', {
    officers,
    secrets,
    records: {
      'roll-call': { room: 'rehearsal', 'documents-seen': true },
      'seal-cards': { 'administrator-card-bag': bags(100001), 'operator-card-bag': bags(100011) },
    },
    hands: { run: [join(NSHIELD, 'bin', 'hands')], environment },
    waive: 'a rehearsal on a machine that has a network',
  })
}

function cheatSheet(officers: readonly { name: string; passphrase: string }[], secrets: Readonly<Record<string, string>>): string {
  const names: Record<string, string> = { 'azure-client-secret': 'client secret of the application' }
  const nameOf = (secret: string): string =>
    names[secret] ??
    secret.replace('administrator-card/', 'administrator card ').replace(/operator-card\/(.*)\//, 'operator card of $1, number ')
  const rows = [
    ...officers.map(({ name, passphrase }) => [name, passphrase] as const),
    ...Object.entries(secrets)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([secret, value]) => [nameOf(secret), value] as const),
  ]
  return [
    'CHEAT SHEET for a rehearsal by hand. In a real ceremony nobody has such a sheet:',
    'each officer knows their own passphrases, and types them unseen.',
    '',
    ...rows.map(([name, value]) => `  ${name.padEnd(36)} ${value}`),
    '',
    'Numbers of bags: two letters and six digits, such as RH100001. Room: any name.',
    'Where the screen says to put in or take out a card, press Enter: the twin does it.',
    '',
  ].join('\n')
}

/** The made-up company's part of the cloud. */
async function azureSeed(file: string) {
  const ids = { tenant: randomUUID(), subscription: randomUUID(), client: randomUUID(), administrator: randomUUID(), secret: passphrase() }
  const seed = {
    tenant: ids.tenant,
    subscription: ids.subscription,
    applications: [{ clientId: ids.client, clientSecret: ids.secret, objectId: ids.administrator }],
    resourceGroups: [{ name: 'keys', location: 'westeurope' }],
    storageAccounts: [{ name: 'contosodata', resourceGroup: 'keys', location: 'westeurope' }],
    sqlServers: [{ name: 'contoso-sql', resourceGroup: 'keys', location: 'westeurope', databases: ['orders'] }],
  }
  writeFileSync(file, stringify(seed), { mode: 0o600 })
  return ids
}

/** @returns the variables that the tools of the nShield twin in that folder need; SoftHSM2 is named if the launcher had to bring it */
export function twinEnvironment(nshield: string): Record<string, string> {
  const library = process.env.CEREMONY_SOFTHSM
  return { NSHIELD_TWIN: nshield, CEREMONY_NODE: process.execPath, ...(library ? { CEREMONY_SOFTHSM: library } : {}) }
}

/** @returns a port on which nothing listens on this machine */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
