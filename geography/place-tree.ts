import { type Coordinates, earthRadiusKm } from './distance.ts'

const radiansPerDegree = Math.PI / 180

/** A point on the unit sphere. Between two such, the straight line through the globe orders as the great circle does. */
interface Point {
  readonly x: number
  readonly y: number
  readonly z: number
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

  constructor(items: readonly Item[]) {
    const placed = items.map((item) => ({ item, point: toPoint(item) }))
    const ordered: typeof placed = []
    arrange(placed, 0, ordered)
    this.#items = ordered.map(({ item }) => item)
    this.#points = Float64Array.from(ordered.flatMap(({ point }) => [point.x, point.y, point.z]))
  }

  get size(): number {
    return this.#items.length
  }

  /**
   * Visits the items within a reach in km, each with its distance, the nearer first, roughly. Each visit answers with the reach from then on,
   * which may shrink: parts of the globe beyond it are left out as a whole.
   */
  visit(from: Coordinates, reachKm: number, visitor: (item: Item, distanceKm: number) => number): void {
    const search = { ...toPoint(from), reachKm, squaredReach: squaredChord(reachKm), visitor }
    this.#visit(search, 0, this.#items.length, 0)
  }

  #visit(search: Search<Item>, start: number, end: number, axis: 0 | 1 | 2): void {
    if (start >= end) return
    const middle = (start + end) >> 1
    const x = search.x - (this.#points[middle * 3] ?? 0)
    const y = search.y - (this.#points[middle * 3 + 1] ?? 0)
    const z = search.z - (this.#points[middle * 3 + 2] ?? 0)
    const squared = x * x + y * y + z * z
    const item = this.#items[middle]
    if (squared <= search.squaredReach && item !== undefined) {
      const reachKm = search.visitor(item, 2 * earthRadiusKm * Math.asin(Math.min(1, Math.sqrt(squared) / 2)))
      if (reachKm !== search.reachKm) {
        search.reachKm = reachKm
        search.squaredReach = squaredChord(reachKm)
      }
    }
    const beyond = axis === 0 ? x : axis === 1 ? y : z
    const next = axis === 2 ? 0 : axis === 1 ? 2 : 1
    if (beyond < 0) this.#visit(search, start, middle, next)
    else this.#visit(search, middle + 1, end, next)
    if (beyond * beyond > search.squaredReach) return
    if (beyond < 0) this.#visit(search, middle + 1, end, next)
    else this.#visit(search, start, middle, next)
  }
}

/** One search while it goes on. */
interface Search<Item> extends Point {
  readonly visitor: (item: Item, distanceKm: number) => number
  reachKm: number
  squaredReach: number
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
