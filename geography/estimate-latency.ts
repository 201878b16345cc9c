/**
 * Kilometres between client and node for each millisecond of round trip. Light in fibre makes 200 km/ms one way; real paths are
 * about half as direct, and a round trip goes twice.
 */
const usualKmPerMs = 60

/** No round trip is faster than light in a straight line: half of 299.8 km/ms. */
const fastestKmPerMs = 150

/** Round trip in ms that a distance makes one expect. */
export function usualLatencyMs(km: number): number {
  return km / usualKmPerMs
}

/** Round trip in ms below which physics does not go: a sample below it is an error, or a lie. */
export function leastLatencyMs(km: number): number {
  return km / fastestKmPerMs
}

/** A round trip that somebody measured to a node, who stands `kmToNode` from it and `kmToClient` from the client. */
export interface Measurement {
  readonly latencyMs: number
  readonly kmToNode: number
  readonly kmToClient: number
}

/**
 * Round trip in ms that a client may expect to a node `km` away.
 *
 * What is measured binds the estimate by the triangle: whoever stands where the observer does sees what it saw, and the further away the
 * client is, the wider the range in which its distance alone decides. So a sample moves those near by, and nobody on another continent. One
 * that is faster than light counts as light.
 */
export function estimateLatencyMs(km: number, measured?: Measurement): number {
  if (measured === undefined) return usualLatencyMs(km)
  const latencyMs = Math.max(measured.latencyMs, leastLatencyMs(measured.kmToNode))
  return estimateFromMs(km, latencyMs, usualLatencyMs(measured.kmToClient))
}

/** The same from a sample that is not below what physics allows; `slackMs` is what may lie between client and observer. */
export function estimateFromMs(km: number, latencyMs: number, slackMs: number): number {
  return Math.max(leastLatencyMs(km), latencyMs - slackMs, Math.min(latencyMs + slackMs, usualLatencyMs(km)))
}
