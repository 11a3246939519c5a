import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { annotatedScript } from '../../engine/src/report/script/annotated.ts'
import { scriptOf } from '../../engine/src/report/script/script.ts'
import type { Describing } from '../../engine/src/report/script/steps.ts'
import { parseRunbook } from '../../engine/src/runbook/parse.ts'
import { wordsOf } from '../../engine/src/transcript/words.ts'
import { ceremony, ROOT } from '../e2e/rehearsal.ts'
import { writeByok } from './byok.ts'
import { browserForTests } from './chromium.ts'

const open = browserForTests()
const home = mkdtempSync(join(tmpdir(), 'ceremony-script-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

const BYOK = join(ROOT, 'runbooks/byok-ceremony.yaml')
const runbook = parseRunbook(readFileSync(BYOK), 'byok-ceremony.yaml').runbook!
/** One row for each step, and one more for each that is done in both geographies. */
const ROWS = runbook.steps.length + runbook.steps.filter((step) => step.forEach).length
const describing: Describing = {
  title: (action) => `Do ${action}`,
  outputs: () => ['kid', 'modulus_sha256'],
  says: async (_, action, inputs) => `Do \`${action}\` with ${JSON.stringify(inputs)}.`,
}
const PARAMETERS = {
  'acs-quorum': '2/3',
  'ocs-quorum': '2/3',
  'card-set': 'contoso',
  module: 1,
  'key-bits': 3072,
  'resource-group': 'keys',
  administrator: 'somebody',
  geographies: { europe: { vault: 'contoso-keys-eu', location: 'westeurope' }, america: { vault: 'contoso-keys-us', location: 'eastus' } },
  'storage-account': 'contosodata',
  'sql-server': 'contoso-sql',
  'sql-database': 'orders',
}

const written = async (name: string, parameters: Record<string, unknown>, of = runbook): Promise<string> => {
  const file = join(home, name)
  writeFileSync(file, await scriptOf({ runbook: of, parameters, describing }))
  return file
}

describe('the script before the day', () => {
  let file: string
  beforeAll(async () => {
    file = await written('script.html', PARAMETERS)
  })

  test('says how long people should allow, for each step and for each act', async () => {
    const { page } = await open(file)
    expect(await page.locator('.act', { hasText: 'Act 3' }).locator('.quiet').first().textContent()).toBe('At hsm-room. About 35 min.')
    expect(await page.locator('td.time').first().textContent()).toBe('allow 15 min')
  })

  test('has the runbook’s digest in digits and words, and a line for everyone who must be there', async () => {
    const { page, said } = await open(file)
    const cover = await page.textContent('.cover')
    expect(cover?.replaceAll(' ', '')).toContain(runbook.sha256.slice(0, 16))
    expect(cover).toContain(wordsOf(runbook.sha256).slice(0, 8).join(' '))
    expect(await page.locator('.participants tbody tr').count()).toBe(5)
    expect(await page.textContent('.participants')).toContain('internal-witness: watches and confirms')
    expect(said).toEqual([])
  })

  test('numbers every step, with an instance for each geography in the order of the ceremony', async () => {
    const { page } = await open(file)
    const numbers = await page.$$eval('.number', (cells) => cells.map((cell) => cell.textContent))
    expect(numbers).toHaveLength(ROWS)
    expect(numbers.slice(7, 12)).toEqual(['8', '9.1', '9.2', '10.1', '10.2'])
    expect(await page.locator('tr', { hasText: 'A premium vault' }).first().textContent()).toContain('contoso-keys-us')
  })

  test('says what is done in the plugin’s words, and where a value comes from that nobody knows yet', async () => {
    const { page } = await open(file)
    const row = (title: string) => page.locator('.steps-table tr', { hasText: title }).first().textContent()
    expect(await row('Create the security world')).toContain('Do create-world with {"module":1,"acs-quorum":"2/3"}.')
    const wrap = await row('Wrap the storage key')
    expect(wrap).toContain('Do hsm-ncipher/wrap-for-azure.')
    expect(wrap).toContain('‹key of step 6›')
    expect(wrap).toContain('‹kek of step 10, america›')
    expect(wrap).toContain('Recorded: kid and modulus sha256.')
    expect(await row('The database is back')).toContain('Repeated every 1 min until outputs.all_online, for at most 1 h 00 min.')
    expect(await row('The HSM holds no security world yet')).toContain(
      'The module must not hold a security world that this ceremony would replace.',
    )
  })

  test('has a box for each signature, before and after, and lines for what is written down', async () => {
    const { page } = await open(file)
    const world = page.locator('.steps-table tr', { hasText: 'Create the security world' }).first()
    expect(await world.locator('.box').count()).toBe(3)
    expect(await world.locator('.when').allTextContents()).toEqual(['before', 'after'])
    expect(await page.locator('tr', { hasText: 'Seal the cards' }).locator('.line').count()).toBe(12)
    expect(await page.locator('.deviations tbody tr').count()).toBe(8)
    expect(await page.locator('.closing tbody tr').count()).toBe(4)
  })

  test('leaves blank what is not given, and shows such steps once for each', async () => {
    const { page } = await open(await written('blank.html', { module: 1 }))
    expect(await page.locator('.parameters tr', { hasText: 'sql-server' }).locator('td').textContent()).toBe('')
    const vault = await page.locator('.steps-table tr', { hasText: 'A premium vault' }).textContent()
    expect(vault).toContain('once for each')
    expect(vault).toContain('‹each value vault›')
    expect(vault).toContain('‹parameter resource-group›')
  })

  test.each(['A4', 'Letter'])('prints on %s without cutting anything off, with headings that repeat', async (format) => {
    const { page } = await open(file)
    const pdf = await page.pdf({ format })
    const pages = pdf.toString('latin1').match(/\/Type \/Page\b/g)!.length
    expect(pages).toBeGreaterThan(6)
    expect(pages).toBeLessThan(20)
    await page.setViewportSize({ width: format === 'A4' ? 680 : 702, height: 900 })
    await page.emulateMedia({ media: 'print' })
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
    const style = await page.evaluate(() => {
      const of = (selector: string): CSSStyleDeclaration => getComputedStyle(document.querySelector(selector)!)
      return {
        row: of('.steps-table tbody tr').breakInside,
        head: of('.steps-table thead').display,
        heading: of('.act h2').breakAfter,
        first: of('.act').breakBefore,
      }
    })
    expect(style).toEqual({ row: 'avoid', head: 'table-header-group', heading: 'avoid', first: 'page' })
  })

  test('numbers its pages and names the runbook on each', () => {
    const html = readFileSync(file, 'utf8')
    expect(html).toContain('"Page " counter(page) " of " counter(pages)')
    expect(html).toContain(`@bottom-left { content: "Runbook ${runbook.sha256.slice(0, 16)}"`)
  })

  test('runs nothing, whatever a runbook says', async () => {
    const hostile = { ...runbook, title: '</title></style><script>globalThis.ran=1</script><img src=x onerror="globalThis.ran=2">\u202e' }
    const { page, requests, said } = await open(
      await written('hostile.html', { ...PARAMETERS, 'card-set': '"><svg onload="globalThis.ran=3">\u001b[2J' }, hostile),
    )
    expect(await page.evaluate(() => (globalThis as { ran?: number }).ran)).toBeUndefined()
    expect(await page.textContent('h1')).toContain('</style><script>globalThis.ran=1</script>')
    expect(await page.textContent('h1')).toContain('\\u{202e}')
    expect(await page.locator('img, svg, script').count()).toBe(0)
    expect(requests).toHaveLength(1)
    expect(said).toEqual([])
  })
})

describe('the script of a ceremony that took place', () => {
  let file: string
  beforeAll(async () => {
    file = join(home, 'annotated.html')
    writeFileSync(file, await annotatedScript(await writeByok(), 'The transcript holds.'))
  })

  test('holds times, signers, outputs, failures and repeats, and deviations', async () => {
    const { page } = await open(file)
    const row = (title: string) => page.locator('.steps-table tr', { hasText: title }).first().textContent()
    expect(await row('Create the security world')).toMatch(/cards: 3.*09:01:\d\d.*beforeAda Byron, Blaise Pascal.*afterCarl Gauss/)
    expect(await row('Seal the cards')).toContain('administrator card bag: 1 RH100001, 2 RH100002, 3 RH100003')
    expect(await row('Failed, and repeated below')).toContain('The vault did not answer in time. (azure-vault/no-answer)')
    expect(await page.textContent('.deviations')).toContain('The light went out for a minute; nobody left the room.Carl Gauss')
    expect(await page.textContent('.verdict')).toBe('The transcript holds.')
    expect(await page.locator('.box').count()).toBe(0)
  })

  test('has as many rows as there were instances and tries', async () => {
    const { page } = await open(file)
    expect(await page.locator('.number').count()).toBe(ROWS)
    expect(await page.locator('.failure').count()).toBe(1)
  })
})

describe('ceremony script', () => {
  test('writes the script with the plugins’ own words', async () => {
    const out = join(home, 'command.html')
    const { code, stdout } = await ceremony('script', BYOK, '-o', out)
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('Open it in a browser and print it.') })
    expect(readFileSync(out, 'utf8')).toContain('Make a new security world')
  })

  test('fills it in from a transcript that holds, and refuses one that does not', async () => {
    const dir = await writeByok()
    expect(await ceremony('script', '--annotated', dir, '-o', join(home, 'a.html'))).toMatchObject({ code: 0 })
    const transcript = join(dir, 'transcript.intoto.jsonl')
    writeFileSync(transcript, readFileSync(transcript, 'utf8').replace('"sig":"A', '"sig":"B').replace(/.\n$/, '\n'))
    expect(await ceremony('script', '--annotated', dir, '-o', join(home, 'b.html'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('script/does-not-hold'),
    })
  })

  test.each([[['--annotated', '/nowhere']], [['/nowhere.yaml']], [[]]])('with %j says what is wrong and exits with 2', async (args) => {
    expect(await ceremony('script', ...args, '-o', join(home, 'c.html'))).toMatchObject({ code: 2 })
  })
})

describe('ceremony report', () => {
  test('writes the report, and says what is not there', async () => {
    const dir = await writeByok()
    const out = join(home, 'report.html')
    expect(await ceremony('report', dir, '-o', out)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('verifies the transcript when it is opened'),
      stderr: '',
    })
    expect(await ceremony('report', '/nowhere', '-o', out)).toMatchObject({ code: 2 })
  })
})
