import { beforeAll, describe, expect, test } from 'vitest'
import { type Hostile, reportByok } from './byok.ts'
import { browserForTests, checked, type Opened } from './chromium.ts'

const open = browserForTests()
let file: string

const MARKUP = `</script><script>globalThis.ran=1</script><img src="https://example.test/x" onerror="globalThis.ran=2">'"--><svg onload="globalThis.ran=3"><!--`
const TURNED = '\u202egnp.exe\u202c \u2066x\u2069 \u061c\u200f'
const ESCAPES = '\u001b[2J\u001b]8;;https://example.test\u0007link\u0000\u0008\u007f\u0085\u2028\u2029'
const HEAPED = `Z${'\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308'.repeat(40)}`
const GIANT = 'A'.repeat(300_000)
const HOSTILE: Hostile = {
  title: `${MARKUP}${TURNED}${HEAPED}${'W'.repeat(5000)}`,
  officer: `${MARKUP}${TURNED}`,
  note: `${MARKUP}${ESCAPES}${HEAPED}${GIANT}`,
  error: `${MARKUP}${TURNED}${GIANT}`,
  says: `${ESCAPES}${TURNED}${MARKUP}${'ي'.repeat(400)}`,
  body: `${MARKUP}${ESCAPES}${TURNED}${HEAPED}${'B'.repeat(50_000)}`,
}

beforeAll(async () => {
  ;({ file } = await reportByok({ hostile: HOSTILE }))
})

/** Opens everything that opens, twice, for what is opened may hold more. */
async function openAll({ page }: Opened): Promise<void> {
  await checked(page)
  for (let round = 0; round < 2; round++)
    await page.evaluate(() => {
      for (const element of document.querySelectorAll('details:not([open])')) {
        element.dispatchEvent(new Event('fill'))
        ;(element as HTMLDetailsElement).open = true
      }
    })
}

describe('what a stranger wrote into a transcript', () => {
  test('does not run, loads nothing and breaks no rule of the page’s policy', async () => {
    const opened = await open(file)
    await openAll(opened)
    expect(opened.said).toEqual([])
    expect(opened.requests).toHaveLength(1)
    expect(await opened.page.evaluate(() => (globalThis as { ran?: number }).ran)).toBeUndefined()
    expect(await opened.page.locator('img, iframe, object, embed, link, form, #report script, #report svg[onload]').count()).toBe(0)
  })

  test('is shown as it is: markup as text, hidden characters as their codes', async () => {
    const { page } = await open(file)
    await checked(page)
    const heading = await page.textContent('h1')
    expect(heading).toContain('</script><script>globalThis.ran=1</script>')
    expect(heading).toContain('\\u{202e}gnp.exe\\u{202c}')
    const text = await page.textContent('#report')
    expect(text).toContain('\\u{1b}[2J')
    expect(text).toContain('\\u{0}')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/)
  })

  test.each([320, 1200])('does not deform the page at %d pixels', async (width) => {
    const opened = await open(file, { viewport: { width, height: 900 } })
    await openAll(opened)
    const { page } = opened
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
    // Marks that are heaped on a letter would reach over what stands above it.
    const heights = await page.$$eval('h1', (items) => items.map((item) => item.getBoundingClientRect().height))
    expect(Math.max(...heights)).toBeLessThan(width === 320 ? 900 : 400)
    expect(await page.evaluate(() => document.querySelector('#report')!.outerHTML.length)).toBeLessThan(3_000_000)
  })

  test('leaves the verdict readable and in its place', async () => {
    const { page } = await open(file, { viewport: { width: 1200, height: 900 } })
    expect(await checked(page)).toBe('does-not-hold')
    const box = await page.locator('#verdict').boundingBox()
    expect(box!.y + box!.height).toBeLessThan(900)
    expect(await page.title()).not.toMatch(/[\u202e\u2066]/)
  })
})
