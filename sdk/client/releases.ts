import {
  type DeploymentEvent, deploymentEventSchema, type GroupReleaseRequestInput, type ReleaseInfo, releaseListSchema, type RollbackRequestInput,
  type RolloutInfo, rolloutInfoSchema, rolloutListSchema, type RolloutRequestInput, type RolloutSteer, type Usage, usageSchema,
} from '../../control-plane/protocol/index.ts'
import { readList } from './pages.ts'
import type { Transport } from './transport.ts'

/** Gradual roll-outs. */
export interface RolloutsClient {
  /** Gives versions that exist their share step by step. */
  start(request: RolloutRequestInput): AsyncGenerator<DeploymentEvent, void>
  /** The last one of a function. */
  read(name: string): Promise<RolloutInfo>
  /** Of each function the last, newest first. */
  list(): Promise<readonly RolloutInfo[]>
  /** Pauses or resumes it, or ends it with the shares from before. */
  steer(name: string, action: RolloutSteer['action']): Promise<RolloutInfo>
}

/** What is released, and what it did. */
export interface ReleasesClient {
  /** Splits the traffic of several functions, all at once. */
  releaseGroup(request: GroupReleaseRequestInput): AsyncGenerator<DeploymentEvent, void>
  /** Gives functions the shares back that they had before their last change, all at once. */
  rollbackGroup(request: RollbackRequestInput, idempotencyKey?: string): AsyncGenerator<DeploymentEvent, void>
  /** The last changes of a function's shares, newest first. */
  releases(name: string): Promise<readonly ReleaseInfo[]>
  readonly rollouts: RolloutsClient
  /** What the account's functions used, by day and in the last minutes. */
  usage(options?: { readonly days?: number }): Promise<Usage>
}

/** Longest that an answer may be silent: the phases of a release have time-outs of their own below this. */
const releaseSilenceMs = 120_000

export function createReleasesClient(transport: Transport): ReleasesClient {
  const events = (path: string, json: unknown, idempotencyKey?: string): AsyncGenerator<DeploymentEvent, void> =>
    transport.lines({ method: 'POST', path, json, idempotencyKey, silenceMs: releaseSilenceMs }, deploymentEventSchema)
  const rolloutPath = (name: string): string => `/v1/functions/${encodeURIComponent(name)}/rollout`
  return {
    releaseGroup: (request) => events('/v1/releases', request),
    rollbackGroup: (request, idempotencyKey) => events('/v1/rollbacks', request, idempotencyKey),
    releases: async (name) => (await transport.json({ method: 'GET', path: `/v1/functions/${encodeURIComponent(name)}/releases` }, releaseListSchema)).releases,
    rollouts: {
      start: (request) => events('/v1/rollouts', request),
      read: (name) => transport.json({ method: 'GET', path: rolloutPath(name) }, rolloutInfoSchema),
      list: () => readList(transport, '/v1/rollouts', rolloutListSchema, ({ rollouts }) => rollouts),
      steer: (name, action) => transport.json({ method: 'PATCH', path: rolloutPath(name), json: { action } }, rolloutInfoSchema),
    },
    usage: ({ days } = {}) => transport.json({ method: 'GET', path: `/v1/usage${days === undefined ? '' : `?days=${days}`}` }, usageSchema),
  }
}
