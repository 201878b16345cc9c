import { fileURLToPath } from 'node:url'
import ipaddr from 'ipaddr.js'
import { LRUCache } from 'lru-cache'
import { open, type Reader, type Response as DatabaseRecord } from 'maxmind'
import { SkerryError } from '../../../errors/index.ts'
import type { Coordinates } from '../../../geography/index.ts'
import { type GeoRecord, placeOfRecord } from './geo-record.ts'

/** Where a client is, as far as is known. */
export interface Place {
  /** ISO 3166-1 alpha-2. */
  readonly country?: string
  /** Degrees; with `longitude` or not at all. */
  readonly latitude?: number
  readonly longitude?: number
}

export interface PlaceFinderOptions {
  /** An MMDB file with cities, instead of the bundled database of countries. */
  readonly geoDatabase?: string | undefined
  /** Where private and unknown addresses are taken to be: near the process that asks. */
  readonly ownPlace?: Coordinates | undefined
}

/** What is known of an address, and for how much around it. */
export interface LocatedNetwork {
  readonly place: Place | undefined
  /** All addresses that share so many bits with it are at the same place: 0 to 32 for IPv4, to 128 for IPv6. */
  readonly prefixLength: number
}

export interface PlaceFinder {
  /** The place of an IPv4 or IPv6 address; undefined where nothing is known of it and no own place is set. */
  readonly locate: (address: string) => Place | undefined
  readonly locateNetwork: (address: string) => LocatedNetwork
}

/** Most clients come back; those who do not must not fill the memory. */
const rememberedAddresses = 20_000

/** The CC0 database of countries, both address families in one file. */
const countryDatabase = '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb'

/**
 * Opens the geographic database. A country's clients are placed at its population centre, for the bundled database knows no more.
 * Throws `config_invalid` where the file is missing or no MMDB.
 */
export async function openPlaceFinder(options: PlaceFinderOptions = {}): Promise<PlaceFinder> {
  const reader = await openDatabase(options.geoDatabase)
  const { ownPlace } = options
  const remembered = new LRUCache<string, LocatedNetwork>({ max: rememberedAddresses })
  const locateNetwork = (address: string): LocatedNetwork => {
    const known = remembered.get(address)
    if (known !== undefined) return known
    const { place = ownPlace, prefixLength } = look(reader, address)
    const located = { place, prefixLength }
    remembered.set(address, located)
    return located
  }
  return { locateNetwork, locate: (address) => locateNetwork(address).place }
}

async function openDatabase(file: string | undefined): Promise<Reader<DatabaseRecord>> {
  const path = file ?? fileURLToPath(import.meta.resolve(countryDatabase))
  try {
    return await open(path)
  } catch (cause) {
    const detail = `The geographic database ${path} can not be read: ${cause instanceof Error ? cause.message : String(cause)}`
    throw new SkerryError('config_invalid', detail, { cause, field: 'geoDatabase' })
  }
}

function look(reader: Reader<DatabaseRecord>, text: string): LocatedNetwork {
  if (!ipaddr.isValid(text)) return { place: undefined, prefixLength: 0 }
  const address = ipaddr.process(text)
  const single = { place: undefined, prefixLength: address.kind() === 'ipv4' ? 32 : 128 }
  // Loopback, private, link-local and the like stand nowhere; databases differ in what they answer for them.
  if (address.range() !== 'unicast') return single
  try {
    // What it is depends on the file, so it is read as something of which every part may be absent or of another type.
    const [record, prefixLength] = reader.getWithPrefixLength(address.toString()) as [GeoRecord | null, number]
    return { place: record === null ? undefined : placeOfRecord(record), prefixLength }
  } catch {
    // An IPv6 address in a database of IPv4 alone.
    return single
  }
}
