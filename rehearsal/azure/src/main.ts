/**
 * Starts the twin of Azure: `node main.ts --state DIR --seed FILE [--port N] [--time-origin MS] [--time-scale N]`.
 * Prints one line of JSON when it is ready and ends with its standard input.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { certificateIn } from './certificate.ts'
import { scaledClock } from './clock.ts'
import { faultsIn } from './faults.ts'
import { parseSeed } from './seed.ts'
import { serverFor } from './server.ts'
import { openStore } from './store.ts'
import { openTwin, servicesOf } from './twin.ts'

const { values } = parseArgs({
  options: {
    state: { type: 'string' },
    seed: { type: 'string' },
    port: { type: 'string', default: '0' },
    'time-origin': { type: 'string', default: String(Date.now()) },
    'time-scale': { type: 'string', default: '1' },
  },
})

function fail(message: string): never {
  process.stderr.write(`azure-twin: ${message}\n`)
  process.exit(2)
}

function number(name: 'port' | 'time-origin' | 'time-scale', least: number, most: number): number {
  const value = Number(values[name])
  return value >= least && value <= most ? value : fail(`--${name} must be a number from ${least} to ${most}, not "${values[name]}"`)
}

const dir = values.state ?? fail('--state DIR is missing: where the twin keeps what it knows')
const seedFile = values.seed ?? fail('--seed FILE is missing: the tenant and what is in it')
const port = number('port', 0, 65535)
const clock = scaledClock(number('time-origin', 0, 8.64e15), number('time-scale', 1, 100_000))

let seed: ReturnType<typeof parseSeed>
try {
  seed = parseSeed(readFileSync(seedFile, 'utf8'))
} catch (error) {
  fail(`${seedFile}: ${(error as Error).message}`)
}
mkdirSync(dir, { recursive: true, mode: 0o700 })
const certificate = await certificateIn(dir)
const twin = openTwin(seed, clock, openStore(dir, clock))
const server = serverFor(servicesOf(twin), certificate, faultsIn(dir, clock), (authorization) => twin.tokens.expire(authorization))
server.on('error', (error) => fail(error.message))
server.listen(port, '127.0.0.1', () => {
  const { port: chosen } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ listening: `127.0.0.1:${chosen}`, ca: certificate.ca })}\n`)
})
process.stdin.on('end', () => process.exit(0)).resume()
