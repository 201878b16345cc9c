import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findCountry } from '../../../geography/index.ts'
import { openPlaceFinder, placeOfRecord } from './index.ts'

test('finds countries of IPv4, IPv6 and mapped addresses, at the population centre', async () => {
  const { locate } = await openPlaceFinder()
  expect(locate('8.8.8.8')).toEqual({ country: 'US', ...findCountry('US') })
  expect(locate('::ffff:8.8.8.8')?.country).toBe('US')
  expect(locate('2001:4860::1')?.country).toBe('US')
  expect(locate('8.8.8.8')).toBe(locate('8.8.8.8'))
})

test('private, unknown and malformed addresses are at the own place, or nowhere', async () => {
  const ownPlace = { latitude: 1, longitude: 2 }
  const own = await openPlaceFinder({ ownPlace })
  const none = await openPlaceFinder()
  for (const address of ['127.0.0.1', '::1', '10.1.2.3', '192.168.0.1', 'fe80::1', 'fd00::1', '169.254.169.254', '', 'nonsense', '1.2.3.4.5']) {
    expect(own.locate(address), address).toEqual(ownPlace)
    expect(none.locate(address), address).toBeUndefined()
  }
})

test.each([
  ['nested with a city', { country: { iso_code: 'DE' }, location: { latitude: 52.5, longitude: 13.4 } }, { country: 'DE', latitude: 52.5, longitude: 13.4 }],
  ['flat with a city', { country_code: 'DE', latitude: '52.5', longitude: '13.4' }, { country: 'DE', latitude: 52.5, longitude: 13.4 }],
  ['a country alone', { country_code: 'SG' }, { country: 'SG', ...findCountry('SG') }],
  ['coordinates out of range', { country_code: 'SG', latitude: 999, longitude: 0 }, { country: 'SG', ...findCountry('SG') }],
  ['an unknown country', { country_code: 'ZZ' }, { country: 'ZZ' }],
  ['nothing', {}, undefined],
  ['nonsense', { country_code: 7, location: { latitude: null, longitude: {} } }, undefined],
])('reads a record: %s', (_name, record, place) => {
  expect(placeOfRecord(record as Parameters<typeof placeOfRecord>[0])).toEqual(place)
})

test('a missing or broken database is refused with its path', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-place-'))
  try {
    const file = join(directory, 'broken.mmdb')
    await writeFile(file, 'not a database')
    for (const geoDatabase of [file, join(directory, 'missing.mmdb')]) {
      await expect(openPlaceFinder({ geoDatabase })).rejects.toMatchObject({ code: 'config_invalid', message: expect.stringContaining(geoDatabase) as string })
    }
  } finally {
    await rm(directory, { recursive: true })
  }
})
