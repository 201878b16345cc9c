export { type GeoRecord, placeOfRecord } from './geo-record.ts'
export { type LocatedNetwork, openPlaceFinder, type Place, type PlaceFinder, type PlaceFinderOptions } from './place-finder.ts'
