/** Prints "PASSED FAILED" of a test run: `node tools/test-counts.ts RESULTS.json EXIT-CODE`. */
import { existsSync, readFileSync } from 'node:fs'

/** What is read of the report that vitest's reporter `json` writes. */
interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: { readonly status: string; readonly assertionResults: { readonly status: string }[] }[]
}

const [file = '', exitCode = '1'] = process.argv.slice(2)
let passed = 0
let failed = 0
if (existsSync(file)) {
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report
  passed = report.numPassedTests
  // A file that could not even be loaded has failed without a failed test in it.
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  )
  failed = report.numFailedTests + broken.length
}
// A run may also fail outside of any test: no tests found, an unhandled rejection, a killed process.
if (failed === 0 && exitCode !== '0') failed = 1
process.stdout.write(`${passed} ${failed}\n`)
