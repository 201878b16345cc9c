/** The limits that a version runs under, all of them set. Defaults and bounds stand in the project file's schema. */
export interface Limits {
  readonly memoryMb: number
  /** CPU time of a request, whatever it does meanwhile. */
  readonly cpuMs: number
  /** From the start of the request to its answer's head. */
  readonly wallMs: number
  /** Between chunks of a body, after the head. */
  readonly idleMs: number
  readonly subrequests: number
  readonly requestBodyMb: number
}

/**
 * The wall-clock backstop of a turn that may use `cpuMs` more. CPU time decides, and the supervisor watches it; the clock ends only what uses
 * none and yet does not end. So far away that no turn which merely waits for a core is taken for it: a cell that gives way (niceness 19) gets
 * 1.5 % of a core beside others that want all of it.
 */
export function backstopMs(cpuMs: number): number {
  return Math.ceil(5_000 + Math.max(cpuMs, 1) * 100)
}

/** Limits that are not settable per function. */
export const fixedLimits = {
  startupCpuMs: 1_000,
  /** By the clock, for a module that awaits something at its top level. */
  startupWallMs: 5_000,
  concurrentSubrequests: 6,
  requestHeaderBytes: 32 * 1024,
  /** Of an answer, and of a subrequest. */
  responseHeadBytes: 128 * 1024,
  /** Of a body that comes with its head: a megabyte of text in UTF-8. What is larger comes in chunks, under credit. */
  wholeBodyBytes: 4 * 1024 * 1024,
  logBytesPerRequest: 256 * 1024,
  waitUntilMs: 30_000,
  hops: 8,
  /** That a node serves at a time. */
  requestsPerNode: 20_000,
  /** What the cell holds for an isolate while its thread pool works on it. */
  poolBytes: 64 * 1024 * 1024,
  /** A message that comes in by a WebSocket. */
  webSocketMessageBytes: 16 * 1024 * 1024,
  /** A WebSocket on which nothing came for so long is pinged, and lost where nothing comes for as long again. */
  webSocketPingMs: 30_000,
} as const
