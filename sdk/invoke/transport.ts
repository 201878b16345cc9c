import type { Call } from './call.ts'

/** Something that answers calls: a node, or a door of the whole cluster (`baseUrl`). */
export interface Target {
  readonly kind: 'node' | 'door'
  readonly name: string
  readonly url: string
}

/** What a transport tells of one attempt. */
export interface Sending {
  /** Ends it, also the body that is being read. */
  readonly signal: AbortSignal
  /** Called right before the first byte of the request is written, by transports that tell. False where it must not be: then it is given up. */
  readonly onSend: () => boolean
}

/** The way to targets. */
export interface Transport {
  /** Whether `onSend` is called: until then nothing was sent. Otherwise that is never known. */
  readonly tellsSent: boolean
  /** The URL that such a call has at a target; undefined where it can not go there. */
  reach(call: Pick<Call, 'url' | 'init'>, target: Target, domain: string): URL | undefined
  /** Sends a call to where `reach` says. Rejects where no answer came. */
  send(call: Call, url: URL, target: Target, sending: Sending): Promise<Response>
  /** Targets of other URLs are no more: what is kept for them can go. */
  retain(urls: ReadonlySet<string>): void
  close(): Promise<void>
}
