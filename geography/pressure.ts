/** Between two steps of a node's pressure, in ms. */
export const pressureStepMs = 500

/** The load that a node wants, in shares of its capacity: below it nobody is asked to go elsewhere. */
const wantedLoad = 0.75

/**
 * How much of a difference one step makes up for. What a step does is seen one or two steps later, so that more would swing; and who was sent
 * away is called back more slowly, since those who come back come from several neighbours, which do not know of each other.
 */
const gain = { up: 0.5, down: 0.1 } as const

/** The first step of a node that was not pressed. */
const firstMs = 3

/** The last before it is not pressed any more: little, since all come back at once for whom it is the nearest by less. */
const leastMs = 0.3

/** The way around the globe: whoever still comes has nowhere else to go. */
const mostMs = 500

/**
 * By what a node asks its clients to go elsewhere, in ms of round trip, one step after `pressureMs`. `load` is what it is asked for over what it
 * can do in the time since: above 1 where it refuses or lets wait.
 *
 * The pressure grows and falls by a factor, not by an amount. How many clients a millisecond more sends away depends on how far they have to go
 * instead, between 1 ms in one country and 100 over an ocean; a factor moves the same share of them everywhere, so that one gain fits all.
 */
export function nextPressureMs(pressureMs: number, load: number): number {
  if (pressureMs === 0 && load <= wantedLoad) return 0
  const next = (pressureMs === 0 ? firstMs : pressureMs) * Math.max(0.1, load / wantedLoad) ** (load > wantedLoad ? gain.up : gain.down)
  return next < leastMs ? 0 : Math.min(mostMs, next)
}
