/**
 * The frames of the pipe between a node's supervisor and a cell.
 *
 * A frame is `u32 length | u8 type | u32 id | payload`, little endian, length counting what follows it. Frames of one event
 * loop turn travel in one write. An *exchange* is one HTTP request with its answer: the node opens exchanges for requests to
 * functions (even ids), the cell opens them for subrequests (odd ids). Each exchange has a body either way; who sends
 * `chunk` sends the body that flows away from him, so direction needs no field of its own.
 *
 * Invariants: a sender never has more than `initialCreditBytes` plus the credit granted to it under way on one body; after
 * `end` or `reset` it sends nothing more for that body; the receiver of an unknown id ignores the frame, since the
 * other side may have ended the exchange meanwhile. The node treats each frame from a cell as hostile.
 */
export const FrameType = {
  /** Node to cell, first frame: JSON settings, then the snapshot (may be empty). */
  initialize: 1,
  /** Cell to node: blank isolates are ready. Payload: JSON. */
  ready: 2,
  /** Node to cell: load a version into isolate `id`. */
  load: 3,
  /** Cell to node: the outcome of `load`, JSON, then the code cache where one was produced. */
  loaded: 4,
  /** Node to cell: dispose isolate `id`. */
  unload: 5,
  /** Cell to node: isolate `id` is gone, JSON says why (limit broken, memory). */
  isolateLost: 6,
  /**
   * Opens exchange `id`: u32 isolate id; from a cell u32 parent exchange id; then u8 BodyKind, u32-sized head, body.
   */
  open: 8,
  /**
   * The answer's head on exchange `id`: u8 BodyKind, u32-sized head, body. From a cell, u32 CPU microseconds so far and u8 (1: nothing else
   * goes on, so that no `settled` follows) stand before.
   */
  head: 9,
  chunk: 10,
  /** The body that flows with this frame is complete. */
  end: 11,
  /** The exchange failed, or is no longer wanted, for the body that flows with this frame: JSON code and message. */
  reset: 12,
  /** The receiver has consumed u32 bytes of the body that flows against this frame. */
  credit: 13,
  /** Cell to node: the request, its body and what it passed to `waitUntil` are over. u32 CPU microseconds in all. */
  settled: 14,
  /** Cell to node: a console line or an exception of request `id`, JSON. */
  log: 15,
  /** Node to cell and back, to tell a busy cell from a wedged one. */
  ping: 16,
  pong: 17,
  /** Node to cell: exchange `id` is over for the node; end what it still does (its time for `waitUntil` is up, or it was answered with an error). */
  forget: 18,
  /** Node to cell: which isolates hold most memory? */
  measure: 19,
  /** Cell to node: JSON, the largest first. */
  measured: 20,
  /** Node to cell: as `chunk`, of a WebSocket whose message brings its request CPU time and subrequests anew. */
  message: 21,
  /**
   * Cell to node: what is still to come of the body that flows to the cell on exchange u32 flows on as the body that flows away from it on `id`. Where
   * the node does so, the former ends here with what was sent already, and `end` of the latter says that the rest may follow.
   */
  passOn: 22,
  /** Cell to node: isolate `id` used u32 microseconds of CPU since it was told last, and u8: 1 where it is unloaded and nothing follows. */
  charged: 23,
} as const
export type FrameType = (typeof FrameType)[keyof typeof FrameType]

/** How a body travels with its head. */
export const BodyKind = {
  none: 0,
  /** The whole body stands behind the head. */
  whole: 1,
  /** Chunks follow. */
  stream: 2,
  /** From the node: none, but a WebSocket's messages may follow once the answer is 101. */
  socket: 3,
  /** From a cell: a u32 stands behind the head, the length of the whole body; it follows in chunks at once, without credit and without `end`. */
  long: 4,
} as const
export type BodyKind = (typeof BodyKind)[keyof typeof BodyKind]

/** length, type and id. */
export const frameHeaderBytes = 9
/** No frame is longer; a longer length from a cell ends that cell. */
export const maximumFrameBytes = 64 * 1024 * 1024
/** What a body may send before the first `credit`. */
export const initialCreditBytes = 256 * 1024
/** What each chunk of a WebSocket takes of the credit besides its bytes: no more than 256 messages are under way, however small. */
export const messageCreditBytes = 1024
/** A whole body with more follows its head: nobody has to join what the pipe cuts. */
export const longBodyBytesMin = 32 * 1024
/** Larger body chunks are cut to this. */
export const maximumChunkBytes = 64 * 1024
