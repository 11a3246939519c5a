import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { reportByok } from './byok.ts'
import { browserForTests, checked } from './chromium.ts'
import { changedEntry, changedLines, changedPage, changedTranscript } from './tampered.ts'

const open = browserForTests()
let file: string

beforeAll(async () => {
  ;({ file } = await reportByok())
})

/** @returns the rules that the page says are broken, with their lines */
async function findings(page: Page): Promise<string[]> {
  expect(await checked(page)).toBe('does-not-hold')
  expect(await page.textContent('#verdict')).toContain('does not hold')
  return page.$$eval('.findings li', (items) => items.map((item) => item.querySelector('p')!.textContent!.replace(' · ', ' ')))
}

/** Exchanges two characters for one another where the text has them. */
const swapAt = (text: string, at: number): string => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)

describe('a report in which something was changed', () => {
  test.each([0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999])('one byte of the page’s transcript, at %d of its length', async (place) => {
    const changed = changedTranscript(file, (transcript) => {
      const at = Math.floor(transcript.length * place)
      transcript[at] = transcript[at]! ^ 0x01
      return transcript
    })
    const { page } = await open(changed)
    expect((await findings(page)).length).toBeGreaterThan(0)
  })

  test.each<[string, string, (lines: string[]) => string[]]>([
    [
      'a payload',
      'line 9 signature/valid',
      (lines) =>
        lines.with(
          8,
          changedEntry(lines[8]!, (entry) => Object.assign(entry, { station: 'hsm-r00m' })),
        ),
    ],
    [
      'the inputs that officers signed',
      'line 9 signature/valid',
      (lines) =>
        lines.with(
          8,
          changedEntry(lines[8]!, (entry) => Object.assign(entry, { inputs: { 'acs-quorum': '1/3', module: 1 } })),
        ),
    ],
    ['a signature', 'line 9 signature/valid', (lines) => lines.with(8, swapAt(lines[8]!, lines[8]!.lastIndexOf('"sig":"') + 20))],
    ['a signature with ECDSA', 'line 9 signature/valid', (lines) => lines.with(8, changedSignature(lines[8]!, 2))],
    [
      'a keyid',
      'line 9 signature/unknown-key',
      (lines) =>
        lines.with(
          8,
          lines[8]!.replace(/("keyid":")./, (_, before: string) =>
            `${before}x`.replace('x', lines[8]![lines[8]!.indexOf('"keyid":"') + 9] === '0' ? '1' : '0'),
          ),
        ),
    ],
    ['a line left out', 'line 9 chain/previous', (lines) => lines.toSpliced(8, 1)],
    ['two lines the other way round', 'line 9 chain/previous', (lines) => lines.with(8, lines[9]!).with(9, lines[8]!)],
    ['a line twice', 'line 10 chain/previous', (lines) => lines.toSpliced(9, 0, lines[8]!)],
    ['a blank in a line', 'line 9 envelope/canonical', (lines) => lines.with(8, lines[8]!.replace('{"payload":', '{ "payload":'))],
    ['the last newline', 'The whole transcript/torn', (lines) => lines.slice(0, -1)],
    ['signatures taken away', 'line 9 quorum/distinct', (lines) => lines.with(8, onlyTheStation(lines[8]!))],
    ['everyone’s signatures taken away', 'line 1 quorum/everyone', (lines) => lines.with(0, onlyTheStation(lines[0]!))],
    [
      'a stranger’s opening',
      'line 1 opened/keyid',
      (lines) =>
        lines.with(
          0,
          changedEntry(lines[0]!, (entry) => Object.assign((entry.officers as { keyid: string }[])[0]!, { keyid: '0'.repeat(64) })),
        ),
    ],
    ['everything', 'The whole transcript/empty', () => ['']],
  ])('%s', async (_, finding, change) => {
    const { page, said } = await open(changedLines(file, change))
    expect(await findings(page)).toContain(finding)
    expect(said).toEqual([])
  })

  test('bytes that are no transcript at all', async () => {
    const { page, said } = await open(changedTranscript(file, () => Buffer.from('\u0000<script>\n[[[[\n{"payload":1}\n')))
    expect(await findings(page)).toEqual(['line 1 envelope/canonical', 'line 2 envelope/canonical', 'line 3 envelope/canonical'])
    expect(said).toEqual([])
  })

  test('an artifact', async () => {
    const { page } = await open(changedPage(file, (html) => html.replace(/(data-artifact="[0-9a-f]{64}">)(.)(.)/, '$1$3$2')))
    expect((await findings(page)).join()).toContain('artifact/digest')
  })

  test('an artifact taken out', async () => {
    const { page } = await open(
      changedPage(file, (html) =>
        html.replace(/<script type="application\/octet-stream" data-artifact="[0-9a-f]{64}">[^<]*<\/script>\n(?!<script>)/, ''),
      ),
    )
    expect((await findings(page)).join()).toMatch(/artifact\/missing|opened\/runbook/)
  })

  test('the plan, made one of another runbook', async () => {
    const { page } = await open(changedPage(file, (html) => html.replace(/("plan":\{"sha256":")./, '$1z')))
    expect(await findings(page)).toContain('line 1 opened/runbook')
  })

  test('the plan, with its steps in another order', async () => {
    const { page } = await open(changedPage(file, (html) => html.replace('"id":"create-world"', '"id":"something-else"')))
    expect((await findings(page)).join()).toContain('step/order')
  })

  test('the script: the page’s own policy does not let it run', async () => {
    const changed = changedPage(file, (html) => html.replace('This transcript holds:', 'This transcript is fine:'))
    const { page, said } = await open(changed)
    expect(await page.getAttribute('html', 'data-checked')).toBeNull()
    expect(said.join()).toContain('Content Security Policy')
  })
})

describe('a report of less than a whole ceremony', () => {
  test('says that a transcript without its end is not closed', async () => {
    const { page } = await open(changedLines(file, (lines) => [...lines.slice(0, 40), '']))
    expect(await checked(page)).toBe('holds')
    expect(await page.textContent('#verdict')).toContain('not closed, so what came after may be missing')
  })

  test('of a ceremony that still runs names the step that is open', async () => {
    const running = await reportByok({ until: 'storage-identity' })
    const { page } = await open(running.file)
    expect(await checked(page)).toBe('holds')
    expect(await page.textContent('#off-script')).toContain('The ceremony was not closed')
  })

  test('of a transcript without its artifacts says that its quorums cannot be judged', async () => {
    const { page } = await open(
      changedPage(file, (html) => html.replace(/<script type="application\/octet-stream" data-artifact[^\n]*\n/g, '')),
    )
    expect(await findings(page)).toContain('line 1 opened/runbook')
  })
})

/** Changes one bit of the signature's last byte. */
function changedSignature(line: string, index: number): string {
  const envelope = JSON.parse(line) as { signatures: { sig: string }[] }
  const bytes = Buffer.from(envelope.signatures[index]!.sig, 'base64')
  bytes[bytes.length - 1]! ^= 1
  envelope.signatures[index]!.sig = bytes.toString('base64')
  return JSON.stringify(envelope)
}

function onlyTheStation(line: string): string {
  const envelope = JSON.parse(line) as { signatures: unknown[] }
  return JSON.stringify({ ...envelope, signatures: envelope.signatures.slice(0, 1) })
}
