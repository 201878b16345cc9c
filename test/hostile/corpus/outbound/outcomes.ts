import type { Outcomes } from '../outcome.ts'

/**
 * Ways to what functions may not reach. All of it stands on loopback; the address filter's own test has private, link-local and metadata ranges. That
 * nothing arrived is asserted where the origins are, after each theme.
 */
const contained = { answers: 'contained', limits: { cpuMs: 2_000, subrequests: 200 } } as const

export const outcomes: Outcomes = {
  addresses: contained,
  redirects: contained,
  rebinding: contained,
  'rebinding-later': contained,
  sockets: contained,
  schemes: contained,
  splitting: contained,
  'own-ports': contained,
  'forged-head': contained,
}
