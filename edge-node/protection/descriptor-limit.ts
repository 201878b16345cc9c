import { readFileSync } from 'node:fs'

/** Where the system does not tell: what most have. */
const assumedMax = 1_024
/** More connections than this would need more memory than a node has, whatever the system allows. */
const connectionsMax = 50_000
/** For cells, files and the admin port. */
const reserveShare = 0.25
const reserveMax = 1_024

/** How a process divides its file descriptors. */
export interface DescriptorShares {
  /** Connections that come in, on all ports but the admin port. */
  readonly incoming: number
  /** Connections that go out. */
  readonly outgoing: number
}

/** Descriptors that this process may have open. Node raises its soft limit to the hard one when it starts. */
export function descriptorLimit(read: () => string = () => readFileSync('/proc/self/limits', 'latin1')): number {
  let limits = ''
  try {
    limits = read()
  } catch {
    // Not Linux.
  }
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1]
  if (soft === undefined) return assumedMax
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
}

/** Two parts of what is not reserved are for clients, one for what their requests open. */
export function shareDescriptors(limit: number): DescriptorShares {
  const free = limit - Math.min(reserveMax, Math.ceil(limit * reserveShare))
  return { incoming: Math.min(connectionsMax, Math.floor((free * 2) / 3)), outgoing: Math.min(connectionsMax, Math.floor(free / 3)) }
}
