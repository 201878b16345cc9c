import { type HostFunction, HostOperation, type Transfer } from '../../runtime/bridge/index.ts'
import { codeWhole } from '../../runtime/cell/operations/compression-codec.ts'
import { CompressionOperations } from '../../runtime/cell/operations/compression.ts'
import { CryptoOperations } from '../../runtime/cell/operations/crypto.ts'
import { randomBytes, randomUuid } from '../../runtime/cell/operations/random.ts'
import { PoolMeter } from '../../runtime/cell/pool-meter.ts'
import { PoolQueue } from '../../runtime/cell/pool-queue.ts'
import { textOperations } from '../../runtime/cell/operations/text.ts'

export interface HostCall {
  readonly operation: HostOperation
  readonly id: number
  readonly first: Transfer
  readonly second: Transfer
  readonly third: Transfer
}

/**
 * A host for guest modules that run in the test's own realm: computes values as a cell does, and records whatever else the guest
 * asks for.
 */
export class ScriptedHost {
  readonly calls: HostCall[] = []
  /** What a subrequest is answered with; ids count up from 1 in odd steps where it is not set. */
  onSubrequest: (() => number | string) | undefined
  onResult: ((callId: number, error: string, value: string | Uint8Array) => void) | undefined
  onCodec: ((codec: number, output: string | Uint8Array, more: boolean) => void) | undefined
  readonly compression = new CompressionOperations(new PoolQueue(new PoolMeter()))
  readonly #crypto = new CryptoOperations()
  #lastSubrequest = -1

  readonly call: HostFunction = (operation, id, first, second, third) => {
    switch (operation) {
      case HostOperation.urlParse:
        return urlParts(URL.parse(first as string, second as string | undefined))
      case HostOperation.textEncode:
        return new TextEncoder().encode(first as string)
      case HostOperation.textDecode:
        return textOperations.textDecode(first as Uint8Array, second as string, third as number)
      case HostOperation.randomBytes:
        return randomBytes(first)
      case HostOperation.randomUuid:
        return randomUuid()
      case HostOperation.now:
        return 1_700_000_000_000
      case HostOperation.steadyTime:
        return 0
      case HostOperation.codecWhole:
        return codeWhole(first, second as Uint8Array)
      default:
    }
    const kept = [first, second, third].map((value) => (value instanceof Uint8Array ? value.slice() : value)) as [Transfer, Transfer, Transfer]
    this.calls.push({ operation, id, first: kept[0], second: kept[1], third: kept[2] })
    if (operation === HostOperation.crypto) {
      const result = this.#crypto.performNow(kept[0], kept[1], kept[2])
      if (result !== undefined) return typeof result === 'string' ? result : new Uint8Array(result)
      void this.#crypto.perform(kept[0], kept[1], kept[2]).then(({ error, value }) => this.onResult?.(id, error, value))
    }
    if (operation === HostOperation.codecStep) {
      const step = { codec: id, owner: 0, kind: kept[0], input: (kept[1] ?? new Uint8Array()) as Uint8Array, ends: kept[2] === true, isWanted: () => true }
      void this.compression.step(step).then(({ output, more }) => this.onCodec?.(id, output, more))
    }
    if (operation === HostOperation.codecClose) this.compression.close(id)
    if (operation !== HostOperation.subrequest) return undefined
    if (this.onSubrequest !== undefined) return this.onSubrequest()
    this.#lastSubrequest += 2
    return this.#lastSubrequest
  }

  /** The recorded calls of one operation, for one exchange where `id` is given. */
  of(operation: HostOperation, id?: number): HostCall[] {
    return this.calls.filter((call) => call.operation === operation && (id === undefined || call.id === id))
  }

  /** Names of the recorded operations for one exchange, in order. */
  names(id: number): string[] {
    const names = new Map<number, string>(Object.entries(HostOperation).map(([name, value]) => [value, name]))
    return this.calls.filter((call) => call.id === id).map((call) => names.get(call.operation) ?? '?')
  }

  /** Bytes of the chunks that were sent on one exchange. */
  sentBytes(id: number): number {
    return this.of(HostOperation.chunk, id).reduce((sum, { first }) => sum + (first as Uint8Array).length, 0)
  }
}

/** As the operation `urlParse` answers. */
function urlParts(url: URL | null): string | undefined {
  if (url === null) return undefined
  const { href, origin, protocol, username, password, hostname, port, pathname, search, hash } = url
  return [href, origin, protocol, username, password, hostname, port, pathname, search, hash].join('\n')
}

/** Lets every promise job that is due run. */
export async function turn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve)
  })
}
