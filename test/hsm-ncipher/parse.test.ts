import { describe, expect, test } from 'vitest'
import { readEnquiry } from '../../plugins/hsm-ncipher/src/enquiry.ts'
import { readCardSets, readWorld } from '../../plugins/hsm-ncipher/src/nfkminfo.ts'

const rows = (width: number, values: Record<string, string>): string =>
  Object.entries(values)
    .map(([name, value]) => ` ${name.padEnd(width)}${value}`.trimEnd())
    .join('\n')

const ENQUIRY = `Server:
${rows(21, {
  'enquiry reply flags': 'none',
  'enquiry reply level': 'Six',
  'serial number': '0A1B-2C3D-4E5F',
  mode: 'operational',
  version: '13.6.12',
  'device name': '',
  'remote port (IPv4)': '9004',
})}

Module #1:
${rows(21, {
  'enquiry reply level': 'Six',
  'serial number': '0A1B-2C3D-4E5F',
  mode: 'pre-initialisation',
  version: '12.72.2',
  'level four flags': 'OrderlyClearUnit HasRTC HasFeatureEnabl',
})}
e HasFileOp HasLongJobs
${rows(21, { 'device name': '', 'hardware status': 'OK' })}
`

describe('enquiry', () => {
  const expected = { esn: '0A1B-2C3D-4E5F', mode: 'initialization', firmware: '12.72.2', software: '13.6.12' }

  test('is read with empty and wrapped values, and with either end of line', () => {
    expect(readEnquiry(ENQUIRY, 1)).toEqual(expected)
    expect(readEnquiry(ENQUIRY.replaceAll('\n', '\r\n'), 1)).toEqual(expected)
  })

  test.each([
    ['operational', 'operational'],
    ['initialization', 'initialization'],
    ['pre-maintenance', 'maintenance'],
  ])('mode %s is %s', (word, mode) => {
    expect(readEnquiry(ENQUIRY.replace('pre-initialisation', word), 1).mode).toBe(mode)
  })

  test.each([
    ['nothing at all', ''],
    ['another program’s words', 'command not found\n'],
    ['a mode that is not known', ENQUIRY.replace('pre-initialisation', 'error')],
    ['a name twice', ENQUIRY.replace(' hardware status', ' version              1.1\n hardware status')],
    ['a block twice', `${ENQUIRY}\n${ENQUIRY}`],
    ['columns that moved', ENQUIRY.replaceAll('serial number        0A1B', 'serial number of the module 0A1B')],
    ['no serial number', ENQUIRY.replaceAll('0A1B-2C3D-4E5F', '')],
  ])('refuses to guess from %s', (_, output) => {
    expect(() => readEnquiry(output, 1)).toThrow(expect.objectContaining({ code: 'hsm/unknown-output', changed: 'nothing' }))
  })

  test('does not take another module for the one asked for', () => {
    expect(() => readEnquiry(ENQUIRY, 2)).toThrow(expect.objectContaining({ found: expect.stringContaining('Server, Module #1') }))
  })
})

const HASH = '00112233445566778899aabbccddeeff00112233'
const WORLD = `World
${rows(12, {
  generation: '2',
  state: '0x3737000c Initialised Usable Recovery !PINRecovery !ExistingClient RTC NVRAM FTO AlwaysUseStrongPrimes !SEEDebug',
  n_modules: '1',
  hknso: HASH,
  hkm: `${HASH} (type Rijndael)`,
  'ex.client': 'none',
  'k-out-of-n': '2/3',
  'other quora': 'm=2 r=2 nv=2 rtc=2 fto=2',
  ciphersuite: 'DLf3072s256mAEScSP800131Ar1',
  mode: 'none',
})}

Module #1
${rows(11, { generation: '2', state: '0x2 Usable', esn: '0A1B-2C3D-4E5F' })}

Module #1 Slot #0 IC 3
${rows(14, { phystype: 'SmartCard', state: '0x5 Operator', error: 'OK' })}
Cardset
${rows(14, { name: '"contoso"', 'k-out-of-n': '1/9', hkltu: HASH })}

No Pre-Loaded Objects
`

describe('nfkminfo', () => {
  test('is read with either end of line; a card set in the slot is not taken for the world', () => {
    const expected = { state: 'usable', hknso: HASH, quorum: '2/3', fips_level_3: false }
    expect(readWorld(WORLD)).toEqual(expected)
    expect(readWorld(WORLD.replaceAll('\n', '\r\n'))).toEqual(expected)
  })

  test('tells no world, an unusable one and a strict one apart', () => {
    expect(readWorld(WORLD.replace('Initialised Usable', '!Initialised !Usable'))).toMatchObject({
      state: 'none',
      hknso: null,
      quorum: null,
    })
    expect(readWorld(WORLD.replace(' Usable Recovery', ' !Usable Recovery'))).toMatchObject({ state: 'unusable', hknso: HASH })
    expect(readWorld(WORLD.replace(/mode +none/, 'mode        fips1402level3'))).toMatchObject({ fips_level_3: true })
    expect(readWorld(WORLD.replace('!SEEDebug', '!SEEDebug StrictFIPS140'))).toMatchObject({ fips_level_3: true })
  })

  test.each([
    ['nothing at all', ''],
    ['another section first', WORLD.slice(WORLD.indexOf('Module #1'))],
    ['a line from elsewhere', `nfkminfo: cannot connect\n${WORLD}`],
    ['a state without flags', WORLD.replace(/state .*/, 'state       0x0')],
    ['a state that says neither', WORLD.replace(' Usable Recovery', ' Recovery')],
    ['a hash that is none', WORLD.replace(`hknso       ${HASH}`, 'hknso       unknown')],
    ['a value twice', WORLD.replace(' k-out-of-n  2/3', ' k-out-of-n  2/3\n k-out-of-n  1/3')],
  ])('refuses to guess from %s', (_, output) => {
    expect(() => readWorld(output)).toThrow(expect.objectContaining({ code: 'hsm/unknown-output' }))
  })
})

describe('nfkminfo -c', () => {
  const LIST = `Cardset list - 2 cardsets:  (P)ersistent/(N)ot, (R)emoteable/(L)ocal-only
 Operator logical token hash               k/n timeout  name
 ${HASH}  2/3  none-NL  contoso
 ${HASH.replaceAll('0', 'f')}  1/1  none-PL  a name with spaces
`

  test('lists card sets', () => {
    expect(readCardSets(LIST.replaceAll('\n', '\r\n'))).toEqual([
      { name: 'contoso', quorum: '2/3', hkltu: HASH },
      { name: 'a name with spaces', quorum: '1/1', hkltu: HASH.replaceAll('0', 'f') },
    ])
    expect(readCardSets('Cardset list - no cardsets\n')).toEqual([])
  })

  test.each([
    ['nothing at all', ''],
    ['fewer rows than it says', LIST.split('\n').slice(0, 3).join('\n')],
    ['a row of another layout', LIST.replace('2/3', 'two of three')],
  ])('refuses to guess from %s', (_, output) => {
    expect(() => readCardSets(output)).toThrow(expect.objectContaining({ code: 'hsm/unknown-output' }))
  })
})
