import { type Coordinates, earthRadiusKm } from './distance.ts'

const radiansPerDegree = Math.PI / 180

/** A point on the unit sphere. Between two such, the straight line through the globe orders as the great circle does. */
interface Point {
  readonly x: number
  readonly y: number
  readonly z: number
}

/**
 * How far a search still goes: to `km` for whatever is there, and up to `wideKm` for what has a floor of at most `floor`. Whoever searches narrows it
 * down as it finds.
 */
export class Reach {
  #km = Number.NaN
  #wideKm = Number.NaN
  squared = 0
  wideSquared = 0
  floor = Number.NEGATIVE_INFINITY

  constructor(km: number) {
    this.set(km, km, Number.NEGATIVE_INFINITY)
  }

  set(km: number, wideKm: number, floor: number): void {
    if (km !== this.#km) this.squared = squaredChord(km)
    if (wideKm !== this.#wideKm) this.wideSquared = wideKm === km ? this.squared : squaredChord(wideKm)
    this.#km = km
    this.#wideKm = wideKm
    this.floor = floor
  }
}

/**
 * Things by their places, so that the nearest of thousands are found without looking at all: a balanced k-d tree over points of the unit
 * sphere, where neither poles nor the date line are special.
 *
 * Immutable. Making it takes O(n log² n), a search O(log n) as long as few are asked for.
 * @see https://doi.org/10.1145/361002.361007 (Bentley 1975)
 */
export class PlaceTree<Item extends Coordinates> {
  readonly #items: readonly Item[]
  /** x, y and z of each item, in the order of `#items`: the middle of each range is its root, what is before it lies on the lower side. */
  readonly #points: Float64Array
  /** The least floor of each range, where its root stands. */
  readonly #floors: Float64Array

  /** `floorOf` is a number by which a search may leave out things beyond `Reach.km`; see there. */
  constructor(items: readonly Item[], floorOf: (item: Item) => number = () => Number.POSITIVE_INFINITY) {
    const placed = items.map((item) => ({ item, point: toPoint(item) }))
    const ordered: typeof placed = []
    arrange(placed, 0, ordered)
    this.#items = ordered.map(({ item }) => item)
    this.#points = Float64Array.from(ordered.flatMap(({ point }) => [point.x, point.y, point.z]))
    this.#floors = Float64Array.from(this.#items, floorOf)
    this.#gatherFloors(0, this.#items.length)
  }

  get size(): number {
    return this.#items.length
  }

  /**
   * Visits the items within reach, each with its distance in km, the nearer first, roughly. The visitor may narrow the reach: parts of the globe
   * beyond it are left out as a whole.
   */
  visit(from: Coordinates, reach: Reach, visitor: (item: Item, distanceKm: number) => void): void {
    if (this.#items.length === 0) return
    const { x, y, z } = toPoint(from)
    this.#visit({ x, y, z, reach, visitor }, 0, this.#items.length, 0)
  }

  #visit(search: Search<Item>, start: number, end: number, axis: 0 | 1 | 2): void {
    const middle = (start + end) >> 1
    const { reach } = search
    const x = search.x - (this.#points[middle * 3] ?? 0)
    const y = search.y - (this.#points[middle * 3 + 1] ?? 0)
    const z = search.z - (this.#points[middle * 3 + 2] ?? 0)
    const squared = x * x + y * y + z * z
    const item = this.#items[middle]
    // The floor of the range is no more than that of its root.
    if (item !== undefined && (squared <= reach.squared || (squared <= reach.wideSquared && (this.#floors[middle] ?? 0) <= reach.floor))) {
      search.visitor(item, 2 * earthRadiusKm * Math.asin(Math.min(1, Math.sqrt(squared) / 2)))
    }
    const beyond = axis === 0 ? x : axis === 1 ? y : z
    const next = axis === 2 ? 0 : axis === 1 ? 2 : 1
    const isLower = beyond < 0
    if (isLower ? start < middle : middle + 1 < end) {
      if (isLower) this.#visit(search, start, middle, next)
      else this.#visit(search, middle + 1, end, next)
    }
    const squaredBeyond = beyond * beyond
    if (squaredBeyond > reach.wideSquared) return
    const from = isLower ? middle + 1 : start
    const to = isLower ? end : middle
    if (from >= to) return
    if (squaredBeyond > reach.squared && (this.#floors[(from + to) >> 1] ?? 0) > reach.floor) return
    this.#visit(search, from, to, next)
  }

  #gatherFloors(start: number, end: number): number {
    if (start >= end) return Number.POSITIVE_INFINITY
    const middle = (start + end) >> 1
    const least = Math.min(this.#floors[middle] ?? 0, this.#gatherFloors(start, middle), this.#gatherFloors(middle + 1, end))
    this.#floors[middle] = least
    return least
  }
}

/** One search while it goes on. */
interface Search<Item> extends Point {
  readonly visitor: (item: Item, distanceKm: number) => void
  readonly reach: Reach
}

/** Square of the straight line through the unit sphere for a great-circle distance, a hair more so that rounding leaves nothing out. */
function squaredChord(km: number): number {
  const chord = 2 * Math.sin(Math.min(km / (2 * earthRadiusKm), Math.PI / 2))
  return chord * chord * (1 + 1e-12) + 1e-18
}

function toPoint(place: Coordinates): Point {
  const latitude = place.latitude * radiansPerDegree
  const longitude = place.longitude * radiansPerDegree
  const cosine = Math.cos(latitude)
  return { x: cosine * Math.cos(longitude), y: cosine * Math.sin(longitude), z: Math.sin(latitude) }
}

/** Writes the range in the order of the tree: lower half, middle, upper half, each half arranged by the next axis. */
function arrange<Placed extends { readonly point: Point }>(placed: Placed[], axis: 0 | 1 | 2, ordered: Placed[]): void {
  if (placed.length === 0) return
  const key = axis === 0 ? 'x' : axis === 1 ? 'y' : 'z'
  placed.sort((left, right) => left.point[key] - right.point[key])
  const middle = placed.length >> 1
  const next = axis === 2 ? 0 : axis === 1 ? 2 : 1
  arrange(placed.slice(0, middle), next, ordered)
  const root = placed[middle]
  if (root !== undefined) ordered.push(root)
  arrange(placed.slice(middle + 1), next, ordered)
}
