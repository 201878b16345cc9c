import type { SkerryError } from '../../../errors/index.ts'

/** One request of a subrequest: a subrequest makes several where it is redirected. */
export interface TransportRequest {
  readonly method: string
  readonly url: URL
  /** Flat, lower case, cleaned. */
  readonly headers: readonly string[]
  readonly body: Uint8Array | 'stream' | undefined
  /** Whether it asks for a WebSocket: where the answer is 101, chunks either way are messages, and `end` means nothing. */
  readonly webSocket: boolean
}

/** Called in order: head, then chunks, then exactly one of end and error. */
export interface TransportEvents {
  onHead(status: number, statusText: string, headers: readonly string[]): void
  /** False asks the transport to wait for `resume`. */
  onChunk(chunk: Uint8Array): boolean
  onEnd(): void
  onError(error: SkerryError): void
  /** So many bytes of the streamed request body were sent on. */
  onConsumed(bytes: number): void
}

export interface TransportControl {
  write(chunk: Uint8Array): void
  end(): void
  resume(): void
  /** No event follows. */
  abort(): void
  /** As `SubrequestHandler.workOfMessage`. */
  readonly workOfMessage?: () => object | undefined
}

/** Carries out one request: over the network, or inside the node. Never throws: refusals go to `onError`. */
export type Transport = (request: TransportRequest, events: TransportEvents) => TransportControl
