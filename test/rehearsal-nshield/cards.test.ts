import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pkcs11 from 'pkcs11js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Bench, openBench, type Running } from './tools.ts'

let bench: Bench
beforeAll(() => {
  bench = openBench(8)
})
afterAll(() => rmSync(bench.twin, { recursive: true }))

const effects = (): string[] =>
  readFileSync(join(bench.twin, 'effects.jsonl'), 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { operation: string }).operation]))
const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  )
const operator = { slot: 0, kind: 'operator', cardset: 'contoso' }

/** Answers preload's questions for two cards. */
async function load(preload: Running): Promise<void> {
  for (let card = 1; card <= 2; card++) {
    bench.hands('insert-card', operator)
    await preload.until('enter passphrase for card #')
    const number = /card #(\d+): $/.exec(preload.output())?.[1]
    preload.type(`ops-${number}`)
    await preload.until('passphrase supplied - reading card')
  }
}

describe('a security world', () => {
  test('is made in initialization mode only', () => {
    expect(bench.run('new-world', '-i', '-m', '1', '-Q', '2/3')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('initialization mode'),
    })
    expect(bench.run('nopclearfail', '--initialization', '--module=1', '--wait').stdout).toBe('Module 1, command ClearUnitEx: OK\n')
    expect(bench.run('enquiry').stdout).toMatch(/^Module #1:\n(?: .*\n)* mode {17}initialization$/m)
  })

  test('does not come to be when the person stops half-way', async () => {
    const running = bench.start('new-world', '-i', '-m1', '-Q', '2/3')
    await running.until('Module 1 slot 0: empty')
    bench.hands('insert-card', { slot: 0, kind: 'blank' })
    await running.until('enter new passphrase for card #1: ')
    running.child.kill('SIGINT')
    expect(await running.ended).toMatchObject({ code: 1, output: expect.stringContaining('cancelled') })
    expect(readdirSync(join(bench.twin, 'kmdata', 'local'))).toEqual([])
  })

  test('asks again when a passphrase is empty or its repetition differs; shows the words of the real tool', async () => {
    bench.hands('remove-card')
    const running = bench.start('new-world', '-i', '-m', '1', '-Q', '2/3')
    await running.until('\nCreate Security World:\n Module 1: 0 cards of 3 written\n Module 1 slot 0: empty\n')
    bench.hands('insert-card', { slot: 0, kind: 'blank' })
    await running.until(' Module 1 slot 0: blank card\n')
    for (const [first, second] of [
      ['', undefined],
      ['adm-1', 'adm-l'],
      ['adm-1', 'adm-1'],
    ]) {
      await running.until('enter new passphrase for card #1: ')
      running.type(first!)
      if (second === undefined) continue
      await running.until('confirm new passphrase for card #1: ')
      running.type(second)
    }
    await running.until(
      'passphrase specified - writing card\n Module 1: 1 card of 3 written\n Module 1 slot 0: remove already-written card #1\n',
    )
    for (const card of [2, 3]) {
      bench.hands('insert-card', { slot: 0, kind: 'blank' })
      for (const word of ['enter', 'confirm']) {
        await running.until(`${word} new passphrase for card #${card}: `)
        running.type(`adm-${card}`)
      }
    }
    const { code, output } = await running.ended
    expect(code).toBe(0)
    expect(output).toContain('passphrases do not match')
    expect(output).toMatch(/Card writing complete\.\n\nsecurity world generated on module #1; hknso = [0-9a-f]{40}\n$/)
    expect(output).not.toContain('adm-')
  })

  test('is not replaced by another', () => {
    expect(bench.run('new-world', '-i', '-m', '1', '-Q', '1/1')).toMatchObject({ code: 1, stderr: expect.stringContaining('not replaced') })
  })
})

describe('an operator card set', () => {
  test('needs operational mode', () => {
    expect(bench.run('createocs', '-m', '1', '-Q', '2/3', '-N', 'contoso')).toMatchObject({ code: 1 })
    expect(bench.run('nopclearfail', '-O', '-m', '1').code).toBe(0)
  })

  test('killed after its token was made, before it was written down, leaves nothing that a second try would trip over', async () => {
    const stray = join(bench.twin, 'tokens', '01234567-89ab-cdef-0123-456789abcdef')
    copyFileSync(join(bench.twin, 'softhsm2.conf'), stray)
    const running = bench.start('createocs', '-m', '1', '-Q', '2/3', '-N', 'contoso')
    await bench.write(running, 3, 'ops')
    const { code, output } = await running.ended
    expect(output).toContain(' Module 1: 0 cards of 3 written\n Module 1 slot 0: Admin Card #3\n Module 1 slot 0: blank card\n')
    expect(output).toMatch(/cardset created; hkltu = [0-9a-f]{40}\n$/)
    expect(code).toBe(0)
    expect(existsSync(stray)).toBe(false)
    expect(readdirSync(join(bench.twin, 'tokens'))).toHaveLength(1)
    expect(effects()).toEqual(['world/create', 'cardset/create'])
  })
})

test('an effect whose note was lost to a kill is noted by the next tool', () => {
  const log = join(bench.twin, 'effects.jsonl')
  writeFileSync(log, readFileSync(log, 'utf8').split('\n').slice(0, 1).join('\n').concat('\n'))
  expect(effects()).toEqual(['world/create'])
  expect(bench.run('nfkminfo').stdout).toContain('Initialised Usable')
  expect(bench.run('enquiry').code).toBe(0)
  expect(effects()).toEqual(['world/create', 'cardset/create'])
})

test('slotinfo shows the card in the reader, and formats none that the world is in use by', () => {
  bench.hands('insert-card', { slot: 0, kind: 'administrator' })
  expect(bench.run('slotinfo', '-m', '1').stdout).toMatch(/^#0 {3}Smartcard {7}present \d+ +A$/m)
  expect(bench.run('slotinfo', '--format', '-m', '1', '-s', '0')).toMatchObject({ code: 1, stderr: 'slotinfo: AccessDenied\n' })
})

describe('preload', () => {
  const tokens = (): string => join(bench.twin, 'preloaded')

  test('tells cards that do not belong and cards that were read from those it needs', async () => {
    bench.hands('insert-card', { slot: 0, kind: 'administrator' })
    const preload = bench.start('preload', '-c', 'contoso', `--preload-file=${tokens()}`, 'pause')
    await preload.until("Loading `contoso':\n Module 1: 0 cards of 2 read\n Module 1 slot 0: Admin Card #")
    bench.hands('insert-card', operator)
    await preload.until(" Module 1 slot 0: `contoso' #1\n Module 1 slot 0:- enter passphrase for card #1: ")
    preload.type('ops-2')
    await preload.until('wrong passphrase for card #1\n Module 1 slot 0:- enter passphrase for card #1: ')
    preload.type('ops-1')
    await preload.until(" Module 1: 1 card of 2 read\n Module 1 slot 0: `contoso' #1: already read\n")
    expect(existsSync(tokens())).toBe(false)
    bench.hands('insert-card', operator)
    await preload.until('enter passphrase for card #2: ')
    preload.type('ops-2')
    await preload.until('Card reading complete.\n')
    await preload.until('INFO: Loading complete. Pausing\n')
    expect(statSync(tokens()).mode & 0o777).toBe(0o600)
    // What opens the token is in this file only, and only while the cards are loaded.
    const pin = readFileSync(tokens(), 'utf8').split('\t')[1]!.trim()
    const holding = filesBelow(bench.twin).filter((file) => readFileSync(file).includes(pin))
    expect(holding).toEqual([tokens()])
    preload.child.kill('SIGTERM')
    expect(await preload.ended).toMatchObject({ code: 0 })
    expect(existsSync(tokens())).toBe(false)
  })

  test.each(['SIGINT', 'SIGTERM', 'end of input'] as const)('opens nothing when it is stopped short of the quorum: %s', async (how) => {
    bench.hands('remove-card')
    const preload = bench.start('preload', '-c', 'contoso', `--preload-file=${tokens()}`, 'pause')
    await preload.until('slot 0: empty\n')
    if (how === 'end of input') preload.child.stdin!.end()
    else preload.child.kill(how)
    expect(await preload.ended).toMatchObject({ code: 1, output: expect.stringContaining('preload: cancelled') })
    expect(existsSync(tokens())).toBe(false)
  })

  test('lets the card set go when whoever started it is gone', async () => {
    const preload = bench.start('preload', '-c', 'contoso', `--preload-file=${tokens()}`, 'pause')
    await preload.until('slot 0: ')
    await load(preload)
    await preload.until('Loading complete')
    preload.child.stdin!.end()
    expect(await preload.ended).toMatchObject({ code: 0 })
    expect(existsSync(tokens())).toBe(false)
  })

  test('lets a card set that is not persistent go when its card is taken out', async () => {
    const preload = bench.start('preload', '-c', 'contoso', `--preload-file=${tokens()}`, 'pause')
    await preload.until('slot 0: ')
    await load(preload)
    await preload.until('Loading complete')
    bench.hands('remove-card')
    expect(await preload.ended).toMatchObject({ code: 1, output: expect.stringContaining('no longer loaded') })
    expect(existsSync(tokens())).toBe(false)
  })

  test('runs a program with the set loaded, and ends with its exit code', async () => {
    const preload = bench.start('preload', '-c', 'contoso', '/bin/sh', '-c', 'test -s "$NFAST_NFKM_TOKENSFILE" && exit 7')
    await preload.until('slot 0: ')
    await load(preload)
    expect(await preload.ended).toMatchObject({ code: 7, output: expect.stringContaining('Executing subprocess /bin/sh') })
    expect(existsSync(join(bench.twin, 'preload'))).toBe(false)
  })

  test.each([
    [['-c', 'nobody', 'pause'], 1, 'no card set'],
    [['-c', 'contoso'], 2, 'a command is needed'],
    [['pause'], 2, '-c names'],
    [['--cards', '2', 'pause'], 2, '--cards'],
  ])('refuses %j', (args, code, words) => {
    expect(bench.run('preload', ...args)).toMatchObject({ code, stderr: expect.stringContaining(words) })
  })
})

describe('the PKCS#11 library', () => {
  const library = new pkcs11.PKCS11()
  const RSA = [
    { type: pkcs11.CKA_MODULUS_BITS, value: 2048 },
    { type: pkcs11.CKA_PUBLIC_EXPONENT, value: Buffer.from([1, 0, 1]) },
  ]
  let session: Buffer
  let preload: Running
  const generate = (extractable: boolean): void => {
    library.C_GenerateKeyPair(session, { mechanism: pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN, parameter: null as never }, RSA, [
      { type: pkcs11.CKA_TOKEN, value: true },
      { type: pkcs11.CKA_LABEL, value: 'a "key"' },
      { type: pkcs11.CKA_SENSITIVE, value: true },
      { type: pkcs11.CKA_EXTRACTABLE, value: extractable },
    ])
  }

  beforeAll(() => {
    Object.assign(process.env, bench.environment, { NFAST_NFKM_TOKENSFILE: join(bench.twin, 'preloaded') })
    library.load(join(bench.twin, 'libcknfast.so'))
    library.C_Initialize()
    const slot = library.C_GetSlotList(true).find((candidate) => library.C_GetTokenInfo(candidate).label.trim() === 'contoso')!
    expect(library.C_GetTokenInfo(slot).manufacturerID.trim()).toBe('nCipher Corp. Ltd')
    session = library.C_OpenSession(slot, pkcs11.CKF_SERIAL_SESSION | pkcs11.CKF_RW_SESSION)
  })
  afterAll(() => library.C_Finalize())

  test('lets nobody in without loaded cards, whatever PIN is given', () => {
    expect(() => library.C_Login(session, pkcs11.CKU_USER, 'ops-1')).toThrow('CKR_PIN_INCORRECT')
    expect(() => library.C_Login(session, pkcs11.CKU_USER, '')).toThrow('CKR_PIN_INCORRECT')
  })

  test('lets in once the cards are loaded, and refuses an exportable key until its assurance is overridden', async () => {
    preload = bench.start('preload', '-c', 'contoso', `--preload-file=${process.env.NFAST_NFKM_TOKENSFILE}`, 'pause')
    await preload.until('slot 0: ')
    await load(preload)
    await preload.until('Loading complete')
    library.C_Login(session, pkcs11.CKU_USER, 'any word')
    expect(() => generate(true)).toThrow('CKR_GENERAL_ERROR')
    generate(false)
    expect(readFileSync(join(bench.twin, 'effects.jsonl'), 'utf8')).toMatch(
      /"operation":"key\/generate","resource":"contoso\/a _key_"\}\n$/,
    )
  })

  test('uses no key after the cards are gone', async () => {
    preload.child.kill('SIGTERM')
    await preload.ended
    expect(() => generate(false)).toThrow('CKR_USER_NOT_LOGGED_IN')
    expect(effects().filter((operation) => operation === 'key/generate')).toHaveLength(1)
  })
})

describe('hands', () => {
  test('say why they cannot do what is asked, with exit code 3', () => {
    for (let card = 0; card < 2; card++) expect(bench.hands('insert-card', { slot: 0, kind: 'blank' }).code).toBe(0)
    expect(bench.hands('insert-card', { slot: 0, kind: 'blank' })).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('no further blank card'),
    })
    expect(bench.hands('insert-card', { slot: 0, kind: 'operator', cardset: 'others' })).toMatchObject({ code: 3 })
    expect(bench.hands('insert-card', { slot: 4, kind: 'blank' })).toMatchObject({ code: 3, stderr: expect.stringContaining('no slot 4') })
    expect(bench.hands('sing')).toMatchObject({ code: 3, stderr: expect.stringContaining('sing') })
  })
})
