/** The HSM as the vendor's software shows it: programs, module, card reader, PKCS #11 library and what it can do. */
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { type LibraryOffer, lookAtLibrary } from '../capability/pkcs11.ts'
import { onPseudoTerminal } from '../capability/pseudo-terminal.ts'
import type { HsmSetup } from '../capability/setup.ts'
import type { Needs } from '../plugin/contract.ts'
import { bad, type Check, checked, good } from './check.ts'

/** What keys are made and wrapped for Azure with; of the last two one is enough. */
const MECHANISMS = ['CKM_RSA_PKCS_KEY_PAIR_GEN', 'CKM_AES_KEY_GEN', 'CKM_RSA_PKCS_OAEP']
const RFC_5649 = ['CKM_AES_KEY_WRAP_KWP', 'CKM_AES_KEY_WRAP_PAD']
const ANSWER_WITHIN_MS = 30_000

/** @param needs of the plugins that the runbook uses */
export async function checkHsm(hsm: HsmSetup | null, needs: readonly Needs[]): Promise<Check[]> {
  const programs = [...new Set(needs.flatMap(({ commands = [] }) => commands))]
  const library = needs.some(({ pkcs11 }) => pkcs11)
  if (programs.length === 0 && !library) return []
  if (!hsm)
    return [
      bad(
        'hsm',
        'no `hsm` in the setup',
        'where the vendor’s programs and library are',
        'Add `hsm: { tools: …, library: … }` to the setup.',
      ),
    ]
  const checks = [checkPrograms(hsm, programs), ...(programs.length > 0 ? [checkTerminal()] : [])]
  if (programs.includes('enquiry')) checks.push(await checkModule(hsm))
  if (programs.includes('slotinfo')) checks.push(await checkReader(hsm))
  if (library) checks.push(...(await checkLibrary(hsm)))
  return checks
}

function checkPrograms({ tools }: HsmSetup, programs: readonly string[]): Check {
  const missing = programs.filter((program) => {
    try {
      accessSync(join(tools, program), constants.X_OK)
      return false
    } catch {
      return true
    }
  })
  const expected = `${programs.join(', ')} in ${tools}`
  if (missing.length === 0) return good('programs', 'all of them', expected)
  return bad('programs', `no ${missing.join(', ')}`, expected, 'Install the support software, or correct `hsm.tools` in the setup.')
}

/** Tools that ask for passphrases want a terminal, and may refuse to ask without one. */
function checkTerminal(): Check {
  const expected = 'util-linux `script` and `setpriv`, by which programs get a terminal of their own'
  if (onPseudoTerminal({ file: '/bin/true', args: [] })) return good('terminal for programs', 'a pseudo-terminal', expected)
  const next = 'Install util-linux. Without it the vendor’s programs are asked through a pipe, which they may refuse.'
  return bad('terminal for programs', 'none', expected, next, 'warn')
}

async function run({ tools, environment }: HsmSetup, program: string, ...args: string[]): Promise<string> {
  const options = {
    env: { ...environment, PATH: '/usr/bin:/bin' },
    extendEnv: false,
    reject: false,
    timeout: ANSWER_WITHIN_MS,
    stdin: 'ignore',
  } as const
  const { exitCode, stdout, stderr, timedOut, originalMessage } = await execa(join(tools, program), args, options)
  if (exitCode === 0) return stdout
  throw new Error(
    timedOut ? `no answer within ${ANSWER_WITHIN_MS / 1000} s` : stderr.trim() || (originalMessage ?? `exit code ${exitCode}`),
  )
}

function checkModule(hsm: HsmSetup): Promise<Check> {
  const next =
    'Is the module plugged in and its driver loaded (after an update of the kernel it must be built anew)? Is the hardserver running?'
  return checked('module', '`enquiry` shows an operational module', next, async () => {
    const output = await run(hsm, 'enquiry')
    const at = output.indexOf('Module #1:')
    if (at === -1) throw new Error('`enquiry` shows no module')
    const value = (name: string): string => new RegExp(`^ ${name} +(\\S.*)$`, 'm').exec(output.slice(at))?.[1]?.trim() ?? 'unknown'
    if (value('mode') !== 'operational') throw new Error(`it is in ${value('mode')} mode`)
    return `${value('serial number')}, ${value('mode')}, firmware ${value('version')}`
  })
}

function checkReader(hsm: HsmSetup): Promise<Check> {
  return checked('card reader', '`slotinfo` shows a slot for smart cards', 'Is the card reader plugged into the module?', async () => {
    const slots = (await run(hsm, 'slotinfo', '-m', '1')).split('\n').filter((line) => /^#\d+ +smart ?card/i.test(line))
    if (slots.length === 0) throw new Error('no slot for smart cards')
    return `${slots.length} slot${slots.length === 1 ? '' : 's'}`
  })
}

async function checkLibrary(hsm: HsmSetup): Promise<Check[]> {
  let offer: LibraryOffer | undefined
  const loads = await checked(
    'library',
    'a PKCS #11 library that loads',
    'Correct `hsm.library` in the setup; look into the vendor’s log.',
    async () => {
      offer = await lookAtLibrary(hsm)
      const tokens = offer.slots.map(({ token }) => token).filter((token) => token !== '')
      return `${offer.library}; tokens: ${tokens.join(', ') || 'none yet'}`
    },
  )
  if (!offer) return [loads]
  const all = new Set(offer.slots.flatMap(({ mechanisms }) => mechanisms))
  const missing = MECHANISMS.filter((name) => !all.has(name))
  if (!RFC_5649.some((name) => all.has(name))) missing.push(RFC_5649.join(' or '))
  const expected = `${MECHANISMS.join(', ')}, and ${RFC_5649.join(' or ')}`
  const fits = missing.length === 0
  const next =
    'Use a version of the support software that has them (13.x). Which one wraps as Azure unwraps is proven before a key is wrapped.'
  return [
    loads,
    fits
      ? good('mechanisms', `all of them, ${all.size} in all`, expected)
      : bad('mechanisms', `no ${missing.join(', no ')}`, expected, next),
  ]
}
