import { fixedLimits, SerialMap } from '../bridge/index.ts'
import { createRequestRecord, refill, type RequestRecord } from './request-record.ts'

/**
 * The requests of one isolate with what they have used, and whom a turn is charged to.
 *
 * Invariant: no turn is free. What belongs to no request under way is charged to a budget of the isolate's own, which each request refills.
 */
export class RequestLedger {
  readonly #cpuMs: number
  readonly #requests = new SerialMap<RequestRecord>()
  readonly #outside = createRequestRecord(0)
  /** Requests whose own WebSocket is open. */
  readonly #sockets = new Set<number>()

  /** @param cpuMs CPU limit of a request */
  constructor(cpuMs: number) {
    this.#cpuMs = cpuMs
  }

  start(exchange: number): RequestRecord {
    const request = createRequestRecord(exchange)
    this.#requests.set(exchange, request)
    this.#outside.cpuMicros = Math.max(0, this.#outside.cpuMicros - this.#cpuMs * 1_000)
    this.#outside.logBytes = 0
    return request
  }

  get(exchange: number): RequestRecord | undefined {
    return this.#requests.get(exchange)
  }

  has(exchange: number): boolean {
    return this.#requests.has(exchange)
  }

  remove(exchange: number): void {
    this.#requests.delete(exchange)
    this.#sockets.delete(exchange)
  }

  /** Whom is charged what the request caused: itself while it goes on. */
  payerOf(request: RequestRecord | undefined): RequestRecord {
    return request !== undefined && this.#requests.get(request.id) === request ? request : this.#outside
  }

  isOutside(payer: RequestRecord): boolean {
    return payer === this.#outside
  }

  /** Start-up is over, whose turns belonged to no request. */
  clearOutside(): void {
    this.#outside.cpuMicros = 0
  }

  /** CPU time that the payer may still use, in milliseconds. Negative where it is over its limit. */
  leftMs(payer: RequestRecord): number {
    const limitMs = payer === this.#outside ? fixedLimits.startupCpuMs : this.#cpuMs
    return limitMs - countedMicros(payer) / 1_000
  }

  isExhausted(payer: RequestRecord): boolean {
    return this.leftMs(payer) < 0
  }

  /** The request serves a WebSocket from now on. */
  addSocket(exchange: number): void {
    this.#sockets.add(exchange)
  }

  /**
   * A request whose own WebSocket is open goes on for as long as it likes, so that its work is measured by the message: the node says which of
   * those that come bring its CPU time and subrequests anew.
   */
  renew(request: RequestRecord): void {
    if (this.#sockets.has(request.id)) refill(request, performance.now())
  }

  /** What timers do while no message comes is measured by the interval of pings. */
  renewByTime(payer: RequestRecord): void {
    if (this.#sockets.size === 0 || !this.#sockets.has(payer.id)) return
    const nowMs = performance.now()
    if (nowMs - payer.refilledMs > fixedLimits.webSocketPingMs) refill(payer, nowMs)
  }
}

/** CPU time that counts against the limit, in microseconds. `cpuMicros`: in all, where the turn that runs has more than is noted yet. */
export function countedMicros(request: RequestRecord, cpuMicros: number = request.cpuMicros): number {
  return cpuMicros - request.forgivenMicros
}
