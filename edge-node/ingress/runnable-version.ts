import { createHash } from 'node:crypto'
import { type FunctionState, regionsWithin, type VersionRecord } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import type { RunnableVersion } from '../../runtime/supervisor/index.ts'

/** Answers the bytes of the artifact with this SHA-256 in hex. Rejects with a SkerryError. */
export type ReadArtifact = (hash: string) => Promise<Uint8Array> | Uint8Array

/** A version as the edge uses it: what the runtime runs, and what the ingress asks of it before. */
export interface RoutedVersion {
  readonly runnable: RunnableVersion
  /** Where it may run: `['*']` is everywhere, none is nowhere. */
  readonly regions: readonly string[]
  /** Whether the region rules let this node run it. */
  readonly allowedHere: boolean
  readonly requestBodyBytesMax: number
  /** Requests at a time for which room is kept. */
  readonly reservedConcurrency: number
  /** Isolates to be kept warm. */
  readonly provisioned: number
  /** Whether it may be run near its back end. */
  readonly isPlaced: boolean
}

/** What makes versions of the feed versions of this node. */
export interface Here {
  readonly region: string
  readonly readArtifact: ReadArtifact
  /** The regions that an account is held to; undefined for any, as where nothing is said. */
  readonly residencyOf?: ((account: string) => readonly string[] | undefined) | undefined
}

/**
 * Makes what the runtime runs of what the feed says. Its key holds a digest of the secrets, so that changed secrets come with new
 * isolates; secrets stand over plain values of the same name.
 */
export function toRoutedVersion(
  record: VersionRecord,
  secrets: FunctionState['secrets'],
  here: Here,
): RoutedVersion {
  const { config } = record
  const runnable: RunnableVersion = {
    key: `${record.account}/${record.function}/${record.version}/${digest(secrets)}`,
    account: record.account,
    functionName: record.function,
    version: record.version,
    artifactHash: record.artifactHash,
    readScript: () => readScript(record, here),
    environment: Object.freeze({ ...config.env, ...secrets }),
    limits: config.limits,
    isolation: config.isolation,
    maxConcurrency: config.concurrency.max,
    ownCells: config.cells === 'own',
    outbound: config.outbound,
  }
  const regions = regionsWithin(config.regions, here.residencyOf?.(record.account))
  return {
    runnable,
    regions,
    allowedHere: regions.includes('*') || regions.includes(here.region),
    requestBodyBytesMax: config.limits.requestBodyMb * 1024 * 1024,
    reservedConcurrency: config.concurrency.reserved,
    provisioned: config.provisioned,
    isPlaced: config.placement?.mode === 'smart',
  }
}

/** What a request of a version is answered that may not run on this node, where none in its regions takes it. */
export function noNodeIn(regions: RoutedVersion['regions']): SkerryError {
  return new SkerryError('no_healthy_node', regions.length === 0
    ? 'The function may run nowhere: its regions are all outside those that its account is held to.'
    : `No node in ${regions.join(', ')} can answer.`)
}

/** What is missing here others may have: nothing of a request that waits for it has begun. */
function readScript({ artifactHash }: VersionRecord, { readArtifact }: Here): Promise<Uint8Array> | Uint8Array {
  const read = readArtifact(artifactHash)
  if (read instanceof Uint8Array) return read
  return read.catch((cause: unknown) => {
    throw new SkerryError('no_healthy_node', 'This node does not have the script of the version, and could not get it.', { cause })
  })
}

function digest(secrets: FunctionState['secrets']): string {
  const entries = Object.entries(secrets).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  if (entries.length === 0) return 'plain'
  return createHash('sha256').update(JSON.stringify(entries)).digest('hex').slice(0, 24)
}
