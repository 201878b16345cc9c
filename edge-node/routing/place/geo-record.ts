import { type Coordinates, findCountry, isValidCoordinates } from '../../../geography/index.ts'

/** A record of an MMDB, as the databases in use write them: nested with cities, flat with countries. All of it may be absent. */
export interface GeoRecord {
  readonly country?: { readonly iso_code?: unknown }
  readonly country_code?: unknown
  readonly location?: { readonly latitude?: unknown; readonly longitude?: unknown }
  readonly latitude?: unknown
  readonly longitude?: unknown
}

/** What a record says: the coordinates where it has some, otherwise those of the country. Undefined where it says nothing of use. */
export function placeOfRecord(record: GeoRecord): { readonly country?: string; readonly latitude?: number; readonly longitude?: number } | undefined {
  const code = record.country?.iso_code ?? record.country_code
  const country = typeof code === 'string' && /^[A-Z]{2}$/.test(code) ? code : undefined
  const exact = toCoordinates(record.location?.latitude ?? record.latitude, record.location?.longitude ?? record.longitude)
  const coordinates = exact ?? (country === undefined ? undefined : findCountry(country))
  if (country === undefined && coordinates === undefined) return undefined
  return { ...(country === undefined ? {} : { country }), ...coordinates }
}

/** Flat city databases write numbers as text. */
function toCoordinates(latitude: unknown, longitude: unknown): Coordinates | undefined {
  if (latitude === undefined || longitude === undefined || latitude === '' || longitude === '') return undefined
  const place = { latitude: Number(latitude), longitude: Number(longitude) }
  return isValidCoordinates(place) ? place : undefined
}
