import { GuestEvent, type Transfer } from '../bridge/index.ts'
import { CompressionOperations } from './operations/compression.ts'
import { CryptoOperations } from './operations/crypto.ts'
import type { PoolMeter } from './pool-meter.ts'
import { PoolQueue } from './pool-queue.ts'
import type { RequestRecord } from './request-record.ts'

export interface PoolWorkOptions {
  readonly meter: PoolMeter
  /** Whether there is still somebody to do it for. */
  readonly isWanted: (owner: RequestRecord | undefined) => boolean
  /** Charges the CPU time to the owner and tells the guest of the outcome. */
  readonly onDone: (owner: RequestRecord | undefined, cpuMicros: number, event: GuestEvent, id: number, first: Transfer, second: Transfer) => void
}

/** What one isolate has the cell's thread pool do: each operation belongs to the request whose turn asked for it. */
export class PoolWork {
  readonly #options: PoolWorkOptions
  readonly #crypto: CryptoOperations
  readonly #compression: CompressionOperations

  constructor(options: PoolWorkOptions) {
    this.#options = options
    const queue = new PoolQueue(options.meter)
    this.#crypto = new CryptoOperations(queue)
    this.#compression = new CompressionOperations(queue)
  }

  /** Answers with the result, or starts an operation whose outcome comes back as the event `result`. */
  crypto(owner: RequestRecord | undefined, call: number, method: string, parameters: string, bytes: Uint8Array): Transfer {
    const result = this.#crypto.performNow(method, parameters, bytes)
    if (result !== undefined) return result
    const { isWanted, onDone } = this.#options
    void this.#crypto.perform(method, parameters, bytes, () => isWanted(owner)).then(({ error, value, cpuMicros }) => {
      onDone(owner, cpuMicros, GuestEvent.result, call, error, value)
    })
    return undefined
  }

  /** Starts a step of a codec, whose outcome comes back as the event `codec`. */
  stepCodec(owner: RequestRecord | undefined, codec: number, kind: Transfer, input: Uint8Array, ends: boolean): void {
    const { isWanted, onDone } = this.#options
    const step = { codec, owner: owner?.id ?? 0, kind, input, ends, isWanted: () => isWanted(owner) }
    void this.#compression.step(step).then(({ output, more, cpuMicros }) => {
      onDone(owner, cpuMicros, GuestEvent.codec, codec, output, more)
    })
  }

  closeCodec(codec: number): void {
    this.#compression.close(codec)
  }

  /** The request is over. */
  closeOf(request: number): void {
    this.#compression.closeOf(request)
  }

  closeAll(): void {
    this.#compression.closeAll()
  }
}
