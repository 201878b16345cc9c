/** A place on the globe, in degrees: latitude -90 to 90 (north positive), longitude -180 to 180 (east positive). */
export interface Coordinates {
  readonly latitude: number
  readonly longitude: number
}

/** Mean radius. */
export const earthRadiusKm = 6371.0088
const radiansPerDegree = Math.PI / 180

/**
 * Great-circle distance in kilometres by the haversine formula, which stays exact for places close together, where the shorter
 * law of cosines loses its digits. The sphere is off by at most 0.5 %, far below what decides between regions.
 */
export function distanceKm(from: Coordinates, to: Coordinates): number {
  const fromLatitude = from.latitude * radiansPerDegree
  const toLatitude = to.latitude * radiansPerDegree
  const sineOfHalfLatitude = Math.sin((toLatitude - fromLatitude) / 2)
  const sineOfHalfLongitude = Math.sin(((to.longitude - from.longitude) * radiansPerDegree) / 2)
  const squaredHalfChord =
    sineOfHalfLatitude * sineOfHalfLatitude + Math.cos(fromLatitude) * Math.cos(toLatitude) * sineOfHalfLongitude * sineOfHalfLongitude
  // Rounding can carry antipodes a hair above 1, where the arc sine is not a number.
  return 2 * earthRadiusKm * Math.asin(Math.min(1, Math.sqrt(squaredHalfChord)))
}

/** Whether both numbers are finite and within the ranges of degrees. */
export function isValidCoordinates(place: Coordinates): boolean {
  return Math.abs(place.latitude) <= 90 && Math.abs(place.longitude) <= 180
}

/**
 * Reads `LAT,LON`, the form of `x-skerry-location`: two decimal numbers in range. Undefined for anything else, so that a caller
 * decides whether that is an error.
 */
export function parseCoordinates(text: string): Coordinates | undefined {
  const match = /^\s*(-?\d{1,2}(?:\.\d{1,16})?)\s*,\s*(-?\d{1,3}(?:\.\d{1,16})?)\s*$/.exec(text)
  if (match === null) return undefined
  const place = { latitude: Number(match[1]), longitude: Number(match[2]) }
  return isValidCoordinates(place) ? place : undefined
}
