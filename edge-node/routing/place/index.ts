export { type GeoRecord, placeOfRecord } from './geo-record.ts'
export { openPlaceFinder, type Place, type PlaceFinder, type PlaceFinderOptions } from './place-finder.ts'
