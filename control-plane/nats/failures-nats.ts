import { hostname } from 'node:os'
import { JetStreamApiError } from '@nats-io/jetstream'
import { SkerryError } from '../../errors/index.ts'
import { unreachable } from './link-nats.ts'

/** @see https://github.com/nats-io/nats-server/blob/main/server/errors.json */
const wrongLastSequence = [10_071, 10_164]
/** Of the bucket or stream, of the servers, of the account. */
const full = [10_002, 10_023, 10_028, 10_047, 10_077]
const unavailableStatus = 503

/** The stream holds something else at the place that a message was meant for. */
export function isWrongLastSequence(error: unknown): boolean {
  return error instanceof JetStreamApiError && wrongLastSequence.includes(error.code)
}

/** The servers have no room left, so that nothing was stored. */
export function isFull(error: unknown): boolean {
  return error instanceof JetStreamApiError && full.includes(error.code)
}

/** Nobody was there to take the message, so that it was not stored. */
export function isNoResponders(error: unknown): boolean {
  return error instanceof Error && error.name === 'JetStreamNotEnabled'
}

/** What a request to JetStream failed with, as the store tells it. */
export function toStoreError(error: unknown): unknown {
  if (error instanceof SkerryError) return error
  if (isFull(error)) return storageFull(error)
  if (error instanceof JetStreamApiError && error.status !== unavailableStatus) return error
  return unreachable(error)
}

export function storageFull(cause: unknown): SkerryError {
  return new SkerryError('storage_full', `The servers of NATS have no room left for the control plane on ${hostname()}; nothing was changed.`, { cause })
}
