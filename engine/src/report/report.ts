/** The report of a ceremony: one HTML file that holds its transcript and verifies it in the reader's browser. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Gathered, gather } from './gather.ts'
import { inlineModules } from './inline.ts'
import { pageOf, styleOf } from './page.ts'

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/**
 * Writes the report of a ceremony.
 * @param place the ceremony's folder, or its transcript file
 * @param file the HTML file to write
 * @returns how large it is, in bytes, and how many artifacts it does not hold
 * @throws ReportError when there is no transcript, or one too large for a page
 */
export function writeReport(place: string, file: string): { size: number; leftOut: number } {
  const gathered = gather(place)
  const page = reportOf(gathered)
  writeFileSync(file, page)
  return { size: Buffer.byteLength(page), leftOut: gathered.about.leftOut.length }
}

function reportOf({ about, transcript, artifacts }: Gathered): string {
  const { version } = JSON.parse(readFileSync(here('../../package.json'), 'utf8')) as { version: string }
  // As code points, for an element that holds data must hold no markup.
  const said = JSON.stringify({ version, ...about }).replaceAll('<', '\\u003c')
  return pageOf({
    title: 'Ceremony report',
    style: styleOf('base', 'report', 'figures', 'steps', 'narrow', 'print'),
    script: inlineModules(here('browser/main.ts')),
    body: SHELL,
    data: [
      { attributes: { id: 'about' }, text: said },
      { attributes: { id: 'transcript' }, text: Buffer.from(transcript).toString('base64') },
      ...[...artifacts].map(([sha256, bytes]) => ({
        attributes: { 'data-artifact': sha256 },
        text: Buffer.from(bytes).toString('base64'),
      })),
    ],
  })
}

/** All else is made by the script, out of the transcript that it has checked. */
const SHELL = `<div id="report"><main><p class="verdict" role="status">Reading the transcript…</p></main></div>
<noscript><p class="verdict">This report checks the transcript that it holds with a script, which your browser did not run. Nothing was checked, so nothing is shown.</p></noscript>`
