import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { reportByok } from './byok.ts'
import { browserForTests, checked } from './chromium.ts'

const open = browserForTests()
let file: string

beforeAll(async () => {
  ;({ file } = await reportByok())
})

const contrast = (page: Page, selector: string): Promise<number> =>
  page.$eval(selector, (element) => {
    const light = (colour: string): number => {
      const [r, g, b] = (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map((part) => {
        const value = Number(part) / 255
        return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
    }
    let behind: Element | null = element
    while (behind && getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement
    const style = getComputedStyle(element)
    const own = light(element instanceof SVGElement ? style.fill : style.color)
    const ground = light(getComputedStyle(behind ?? document.documentElement).backgroundColor)
    return (Math.max(own, ground) + 0.05) / (Math.min(own, ground) + 0.05)
  })

describe('the report', () => {
  test('can be gone through by keyboard: Tab reaches everything that acts, in the order of the page', async () => {
    const { page } = await open(file)
    await checked(page)
    const wanted = await page.$$eval('a[href], button, input, textarea, summary, [tabindex="0"]', (elements) =>
      elements
        .filter((element) => element.checkVisibility({ visibilityProperty: true }))
        .map((element, index) => element.setAttribute('data-stop', String(index))),
    )
    const reached: string[] = []
    for (let press = 0; press < wanted.length; press++) {
      await page.keyboard.press('Tab')
      reached.push(await page.evaluate(() => document.activeElement?.getAttribute('data-stop') ?? 'lost'))
    }
    expect(reached).toEqual(wanted.map((_, index) => String(index)))
  })

  test('shows where the keyboard is', async () => {
    const { page } = await open(file)
    await checked(page)
    await page.locator('.step > summary').first().focus()
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle)).toBe('solid')
  })

  test('opens a step, its exchanges and one of them by keyboard alone', async () => {
    const { page } = await open(file)
    await checked(page)
    const opens = async (selector: string): Promise<void> => {
      await page.locator(selector).first().focus()
      await page.keyboard.press('Enter')
    }
    await opens('.step:has(.exchanges) > summary')
    await opens('.step[open] .exchanges > summary')
    await opens('.exchanges[open] .exchange > summary')
    await page.waitForSelector('.exchange[open] pre')
    expect(await page.textContent('.exchange[open] pre')).toContain('"program": "nfkminfo"')
  })

  test('has a name for everything that acts and everything drawn', async () => {
    const { page } = await open(file)
    await checked(page)
    const tree = await (await page.context().newCDPSession(page)).send('Accessibility.getFullAXTree')
    const named = [
      'link',
      'button',
      'checkbox',
      'textbox',
      'DisclosureTriangle',
      'img',
      'image',
      'navigation',
      'table',
      'region',
      'heading',
    ]
    const nameless = tree.nodes.filter((node) => named.includes(String(node.role?.value)) && !node.ignored && !node.name?.value)
    expect(nameless.map((node) => node.role?.value)).toEqual([])
    const roles = new Set(tree.nodes.filter((node) => !node.ignored).map((node) => node.role?.value))
    for (const role of ['banner', 'main', 'navigation', 'contentinfo', 'status', 'table', 'columnheader', 'rowheader'])
      expect(roles).toContain(role)
  })

  test('has one first heading, and no level is passed over', async () => {
    const { page } = await open(file)
    await checked(page)
    const levels = await page.$$eval('h1, h2, h3, h4, h5, h6', (headings) => headings.map((heading) => Number(heading.tagName[1])))
    expect(levels.filter((level) => level === 1)).toHaveLength(1)
    for (const [index, level] of levels.entries()) expect(level - (levels[index - 1] ?? 0)).toBeLessThanOrEqual(1)
    expect(await page.$$eval('[id]', (elements) => elements.length - new Set(elements.map(({ id }) => id)).size)).toBe(0)
  })

  test('says in words what its figures draw, and has the same in tables', async () => {
    const { page } = await open(file)
    await checked(page)
    expect(await page.textContent('#availability-desc')).toMatch(
      /contosodata \(Azure Storage\): its key was deleted at 0\.0 minutes; access faded between .* its key was recovered at .* access returned between/,
    )
    expect(await page.textContent('#path-desc')).toContain(
      'storage-key was made in the HSM, packed as storage-key-contoso-keys-eu.byok, uploaded to contoso-keys-eu in westeurope with the same modulus, where it encrypts contosodata (Azure Storage), and the package was refused by contoso-keys-us.'.replace(
        ',,',
        ',',
      ),
    )
    expect(await page.textContent('#course-desc')).toContain('Delete and recover: 12 steps')
    for (const id of ['availability', 'path', 'course']) {
      await page.click(`#${id} .data-table > summary`)
      await page.waitForSelector(`#${id} .data-table table td`)
    }
  })

  test.each(['light', 'dark'] as const)('has enough contrast when it is %s', async (colorScheme) => {
    const { page } = await open(file, { colorScheme })
    await checked(page)
    const ground = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    expect(ground).toBe(colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(20, 23, 27)')
    for (const selector of [
      'p',
      '#verdict',
      '.lead',
      '.step .who',
      '.step .state',
      'a',
      'figcaption',
      '.chart .label',
      '.chart .axis text',
      '.path .refusal',
      '.words',
    ])
      expect(await contrast(page, selector), selector).toBeGreaterThan(4.5)
  })

  test.each([320, 375, 768, 1200, 2560])('needs no sideways scrolling at %d pixels', async (width) => {
    const { page } = await open(file, { viewport: { width, height: 800 } })
    await checked(page)
    await page.$$eval('details.step, details.data-table, details.scope', (elements) => {
      for (const element of elements) (element as HTMLDetailsElement).open = true
    })
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
  })

  test('draws its figures anew for another width', async () => {
    const { page } = await open(file, { viewport: { width: 1200, height: 800 } })
    await checked(page)
    const widthOf = (): Promise<number> => page.$eval('#course svg', (svg) => svg.getBoundingClientRect().width)
    const wide = await widthOf()
    await page.setViewportSize({ width: 360, height: 800 })
    await page.waitForFunction(() => document.querySelector('#course svg')!.getBoundingClientRect().width < 400)
    expect(await widthOf()).toBeLessThan(wide)
  })

  test.each(['A4', 'Letter'])('prints on %s, every step opened, nothing cut off', async (format) => {
    const { page } = await open(file)
    await checked(page)
    const pdf = await page.pdf({ format })
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-')
    expect(pdf.toString('latin1').match(/\/Type \/Page\b/g)!.length).toBeGreaterThan(8)
    await page.setViewportSize({ width: format === 'A4' ? 673 : 695, height: 900 })
    await page.emulateMedia({ media: 'print' })
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')))
    expect(await page.locator('details.step:not([open])').count()).toBe(0)
    const cut = await page.$$eval('main *', (elements) =>
      elements
        .filter((element) => element.checkVisibility() && element.getBoundingClientRect().right > innerWidth + 1)
        .map(({ tagName, className }) => `${tagName} ${className}`),
    )
    expect(cut).toEqual([])
    await page.evaluate(() => dispatchEvent(new Event('afterprint')))
    expect(await page.locator('details.step[open]').count()).toBe(0)
  })
})
