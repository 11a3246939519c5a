/** A real headless Chromium for the tests of what people open and print. */
import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createBrotliDecompress } from 'node:zlib'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'

const CACHE = fileURLToPath(new URL('../../.cache/chromium', import.meta.url))

/** The system's Chromium, or the one inside the npm package, unpacked once into the project's cache. */
async function executable(): Promise<string> {
  const installed = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => path && existsSync(path))
  if (installed) return installed
  const folder = dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium'))
  const packed = join(folder, '..', 'bin', 'chromium.br')
  const unpacked = join(CACHE, 'chromium')
  if (existsSync(unpacked)) return unpacked
  mkdirSync(CACHE, { recursive: true })
  // Under another name first: test files run side by side, and must not start half a browser.
  const partial = `${unpacked}.${process.pid}`
  await pipeline(createReadStream(packed), createBrotliDecompress(), createWriteStream(partial, { mode: 0o700 }))
  renameSync(partial, unpacked)
  return unpacked
}

/** A page that is open, and everything it said and asked for since. */
export interface Opened {
  readonly page: Page
  readonly requests: string[]
  /** Messages on the console, and errors: among them every breach of the page's policy. */
  readonly said: string[]
}

/** One browser for all tests of a file. @returns opens a file in a fresh context */
export function browserForTests(): (file: string, options?: BrowserContextOptions & { before?: () => void }) => Promise<Opened> {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: await executable(), args: ['--no-sandbox', '--disable-gpu'], headless: true })
  })
  afterAll(() => browser?.close())
  return async (file, { before, ...options } = {}) => {
    const context = await browser.newContext(options)
    const page = await context.newPage()
    if (before) await page.addInitScript(before)
    const [requests, said]: [string[], string[]] = [[], []]
    page.on('request', (request) => requests.push(request.url()))
    page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`))
    page.on('pageerror', (error) => said.push(`error: ${error.message}`))
    page.on('dialog', (dialog) => {
      said.push(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    await page.goto(pathToFileURL(file).href)
    return { page, requests, said }
  }
}

/** Waits until the report has checked its transcript. @returns what it found: `holds` or `does-not-hold` */
export async function checked(page: Page): Promise<string | null> {
  await page.waitForSelector('html[data-checked]')
  return page.getAttribute('html', 'data-checked')
}
