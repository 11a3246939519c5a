import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeReport } from '../../engine/src/report/report.ts'
import { browserForTests, checked } from './chromium.ts'
import { writeLarge } from './large.ts'

const open = browserForTests()
const STEPS = 2000
let dir: string
let file: string

beforeAll(async () => {
  dir = await writeLarge(STEPS)
  file = join(dir, 'report.html')
  writeReport(dir, file)
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('the report of a ceremony of very many steps', () => {
  test('checks all of it, and makes what it shows only when it is opened', async () => {
    const { page } = await open(file)
    expect(await checked(page)).toBe('holds')
    expect(await page.textContent('#verdict')).toContain('4,003 entries')
    expect(await page.locator('*').count()).toBeLessThan(5000)
    await page.click('.phase:nth-of-type(2) > summary')
    await page.click('.part:nth-of-type(3) > summary')
    await page.waitForSelector('.part[open] .step')
    expect(await page.locator('.step').count()).toBe(200)
    expect(await page.locator('*').count()).toBeLessThan(20_000)
  })

  test('still leads to each entry', async () => {
    const { page } = await open(file)
    await checked(page)
    await page.click('#course .data-table > summary')
    await page.click('#course tr:has-text("each[db-1500]") a')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('Look at database db-1500')
  })
})
