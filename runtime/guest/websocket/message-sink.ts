/**
 * Where messages of a WebSocket go: a socket's own events, the other end of a pair, or an exchange. Bytes that were handed over are not
 * written to any more.
 */
export interface MessageSink {
  /** Whether what it takes now waits: the sender may hold back until `onRelease`. */
  readonly isHolding: boolean
  /** Called when it holds no longer. Set by whoever sends. */
  onRelease: (() => void) | undefined
  /** Bytes of messages that wait in it. */
  readonly backlogBytes: number
  /** `bytes` are UTF-8 for a text. */
  message(isText: boolean, bytes: Uint8Array<ArrayBuffer>): void
  /** The sender closes: nothing follows. `code` 1005 stands for none. */
  close(code: number, reason: string): void
  /** The connection is lost: nothing follows. `error` where it failed, undefined where it just ended. */
  lose(error: unknown): void
}
