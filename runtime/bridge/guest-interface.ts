/**
 * What crosses between a cell and the code inside one of its isolates.
 *
 * The guest bundle (evaluated into the start-up snapshot) leaves one function, `globalThis.__skerryBoot`, which the cell
 * calls once with its host function, and which deletes itself and answers with the guest's entry points. From then on:
 *
 * - the cell enters the isolate only by `GuestEntry.event(...)`, each time by its own timed call on its own thread, charged to
 *   one request; promise jobs run before the call returns;
 * - the guest leaves only by calling `HostFunction`, synchronously; the host never throws into the guest and never hands it a
 *   promise or a reference: what takes time comes back as an event.
 *
 * Arguments are numbers, strings, booleans, undefined and Uint8Arrays (copied).
 */
export type Transfer = string | number | boolean | Uint8Array | undefined

export type HostFunction = (operation: HostOperation, id: number, first?: Transfer, second?: Transfer, third?: Transfer) => Transfer

export interface GuestEntry {
  /** Never throws, unless it is terminated. `id` is the exchange, timer or call that the event belongs to. */
  readonly event: (event: GuestEvent, id: number, first?: Transfer, second?: Transfer, third?: Transfer) => void
  /** Takes the default export of the evaluated module. Answers with a message where it is not an object of handlers, else ''. */
  readonly adopt: (defaultExport: unknown) => string
  /**
   * Serves requests of its own while nobody listens, so that the first real one finds code compiled and memory in place. At most once, before
   * `configure`; leaves nothing behind.
   */
  readonly rehearse: () => void
}

export type GuestBoot = (host: HostFunction) => GuestEntry

/** Host to guest. */
export const GuestEvent = {
  /**
   * Before the script is evaluated. id 0; first: JSON object of `env` strings; second: the memory limit in MB, which caps WebAssembly; third:
   * `true` where time may move within a turn.
   */
  configure: 1,
  /**
   * A request came. id: exchange; first: request head; second: the whole body as Uint8Array, or as a string that stands for its UTF-8; `true`
   * where chunks follow; `false` where it may be answered with 101 and both bodies then carry messages (`message-frames.ts`); or undefined.
   */
  request: 2,
  /** The answer to the subrequest `id` came. first: response head; second: as in `request`. */
  head: 3,
  /** first: bytes of the body that flows towards the guest on exchange `id`. */
  chunk: 4,
  /** The body that flows towards the guest is complete. first: the last of its bytes, where it was gathered and there are some. */
  end: 5,
  /** The other side gave up. first: code (see `ResetCode` and the error registry); second: message. */
  reset: 6,
  /** The other side consumed `first` bytes of the body that flows away from the guest on exchange `id`. */
  credit: 7,
  /** The timer `id` is due. */
  timer: 8,
  /** The asynchronous operation `id` is done. first: '' or the error's name; second: result or message. */
  result: 9,
  /** The exchange `id` is over for the host (answered and `waitUntil` ended or cut): forget it. */
  forget: 10,
  /** The codec `id` took its step. first: output (Uint8Array), or the message of a TypeError; second: `true` where more output is to come before more input. */
  codec: 11,
  /**
   * A promise of request `id` was rejected in the turn before, and nobody handled it. first: the reason where it is a primitive, else the message
   * of the error; second: name and stack of the error, parted by a line feed.
   */
  rejection: 12,
} as const
export type GuestEvent = (typeof GuestEvent)[keyof typeof GuestEvent]

/** Guest to host. What an operation returns stands behind the arrow; undefined otherwise. */
export const HostOperation = {
  /**
   * The answer to request `id`. first: response head; second: whole body (string as UTF-8, or bytes), `true` where chunks follow,
   * undefined for none; third: `true` where nothing else goes on, so that no `settled` follows.
   */
  respond: 1,
  /** first: bytes of the body that flows away from the guest on exchange `id`; the guest keeps to its credit. */
  chunk: 2,
  end: 3,
  /** The guest gives up on the body that flows away from it, or with `second` true on the one towards it. first: message; third: stack of the error, if any. */
  reset: 4,
  /** The guest consumed `first` bytes of the body that flows towards it on exchange `id`. */
  credit: 5,
  /** Opens a subrequest for request `id` (0: outside any). first: request head; second: body as in `respond`. -> exchange id, or a string `code\nmessage` where refused. */
  subrequest: 6,
  /** The function threw, rejected or returned no Response on request `id`. first: error code; second: message; third: stack. */
  fail: 7,
  /** Response body and everything given to `waitUntil` of request `id` is over, as far as the guest knows. Also follows `fail`. */
  settled: 8,
  /** A line of console output in request `id`. first: level; second: text. */
  log: 9,
  /** An exception that nobody caught, reported and survived, in request `id`. first: message; second: stack. */
  exception: 10,
  /** first: milliseconds until event `timer` with this id, second: request that owns it. -> false where the isolate has too many. */
  timerStart: 11,
  timerClear: 12,
  /**
   * The body that flows away on `id` is what comes on exchange `first`, from here to its end. The guest sends on what comes all the same: the rest
   * may go past it.
   */
  passOn: 13,
  /**
   * What is still to come on exchange `id` is wanted whole: the host may gather it and hand it over in fewer chunks, the last with `end`. No credit is
   * to be given for it. first: how many bytes are expected, 0 where that is not known.
   */
  gather: 14,

  /** Values computed at once by the cell. id 0. */
  /** first: input; second: base or undefined. -> components joined by line feeds (see `url` in the guest), or undefined where it does not parse. */
  urlParse: 32,
  /** first: href; second: property; third: new value. -> as `urlParse`. */
  urlSet: 33,
  /** first: string. -> UTF-8 bytes. */
  textEncode: 34,
  /** first: bytes; second: label; third: 1 for fatal + 2 for ignoreBOM + 8 where more follows. -> string, or undefined where fatal. With 4 -> the name of the label's encoding, or undefined. */
  textDecode: 35,
  /** first: number of bytes. -> bytes. */
  randomBytes: 36,
  randomUuid: 37,
  /** -> when the turn began, in whole milliseconds since the Unix epoch. */
  now: 38,
  /** first: kind (see `codecStep`); second: a short input, whole. -> its whole output, or undefined where a codec has to take it. */
  codecWhole: 39,
  /** -> bytes that cell and isolate both see, the same at each call; undefined for none. What the guest puts there it may pass as an argument, uncopied. */
  sharedMemory: 40,
  /** -> when the turn began, in whole milliseconds by a clock that nobody sets; where time may move within a turn, what that clock shows now, with a fraction. */
  steadyTime: 41,

  /**
   * Computed on the cell's thread pool; event `result` brings the outcome. id: call; first: method; second: JSON arguments; third: bytes.
   * -> the result where it is computed at once: then no event follows.
   */
  crypto: 64,
  /**
   * A step of the codec `id` on the thread pool; event `codec` brings the outcome. first: where it is the first step, what to open:
   * `compress:` or `decompress:` and a format; second: up to 64 KB of input, none where the last step said `more`; third: `true` where the input ends.
   */
  codecStep: 65,
  /** Nothing more is wanted of the codec `id`. */
  codecClose: 66,
} as const
export type HostOperation = (typeof HostOperation)[keyof typeof HostOperation]

/** What `sharedMemory` gives. */
export const sharedMemoryBytes = 1024 * 1024

/** Codes of `reset` that are no errors of the registry. */
export const ResetCode = {
  /** The other side does not want the rest (client gone, body cancelled). */
  aborted: 'aborted',
  /** The body broke off. */
  failed: 'failed',
} as const
