/** What is assumed. Every figure of it is an assumption that whoever reads the document may replace; what is measured stands in `figures.ts`. */
export interface Scenario {
  readonly functions: number
  /** Of all functions together, from all over the world. */
  readonly requestsPerSecond: number
  /** Popularity of functions goes with 1 / rank ** exponent, in every location alike. */
  readonly exponent: number
  readonly locations: number
  /** Requests of locations likewise. */
  readonly locationExponent: number
  readonly nodesPerLocation: number
  /** `spread`: any node of a location gets any request; `sharded`: all requests of a function go to one. */
  readonly within: 'spread' | 'sharded'
  readonly coresPerNode: number
  /** For isolates alone. */
  readonly isolateGbPerNode: number
  readonly idleSeconds: number
  /** Share of a function's requests that comes from the region that is its home. */
  readonly homeShare: number
  readonly regions: number
  readonly deploymentsPerDay: number
}

export const baseScenario: Scenario = {
  functions: 1_000_000,
  requestsPerSecond: 100_000,
  exponent: 1,
  locations: 300,
  locationExponent: 0.7,
  nodesPerLocation: 2,
  within: 'sharded',
  coresPerNode: 8,
  isolateGbPerNode: 16,
  idleSeconds: 600,
  homeShare: 0,
  regions: 10,
  deploymentsPerDay: 20_000,
}
