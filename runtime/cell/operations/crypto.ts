import { webcrypto } from 'node:crypto'
import { PoolMeter } from '../pool-meter.ts'
import { CryptoRefusal, describeKey, reviveArguments } from './crypto-arguments.ts'
import { KeyTable } from './crypto-keys.ts'
import { checkCost, checkImported } from './crypto-limits.ts'

/** Operations of one isolate that may be under way at a time. */
export const maximumPendingOperations = 64
/** Of them on the thread pool; the others wait here, where they can be given up. */
const maximumRunningOperations = 4
const maximumOperationBytes = 32 * 1024 * 1024

/** `error` is '' or the name of a DOMException (or `TypeError`); then `value` is its message. */
export interface CryptoOutcome {
  readonly error: string
  readonly value: string | Uint8Array
  /** What it used on the thread pool. */
  readonly cpuMicros: number
}

/**
 * WebCrypto for one isolate. Keys stay here; the isolate names them by number. What comes in is not trusted.
 *
 * Answers: bytes for digest, sign, encrypt, decrypt, deriveBits, wrapKey and binary exports; JSON for the rest (a key as
 * `{"id","type","extractable","algorithm","usages"}`, a pair as `{"publicKey","privateKey"}`, `true`/`false` for verify, a JWK).
 * @see https://w3c.github.io/webcrypto/
 */
export class CryptoOperations {
  readonly #keys = new KeyTable()
  readonly #meter: PoolMeter
  readonly #waiting: (() => void)[] = []
  #pending = 0
  #running = 0

  constructor(meter: PoolMeter = new PoolMeter()) {
    this.#meter = meter
  }

  /** Never throws or rejects. `isWanted` is asked when its turn comes. */
  async perform(method: unknown, jsonArguments: unknown, bytes: unknown, isWanted: () => boolean = () => true): Promise<CryptoOutcome> {
    if (this.#pending >= maximumPendingOperations) {
      return { cpuMicros: 0, error: 'OperationError', value: `More than ${maximumPendingOperations} cryptographic operations at a time: await some first` }
    }
    this.#pending += 1
    if (this.#running >= maximumRunningOperations) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#running += 1
    const finish = this.#meter.begin()
    let outcome: Omit<CryptoOutcome, 'cpuMicros'>
    try {
      if (!isWanted()) throw new CryptoRefusal('OperationError', 'The request that asked for it is over')
      outcome = { error: '', value: await this.#perform(method, jsonArguments, bytes) }
    } catch (error) {
      outcome = describeFailure(error)
    }
    this.#pending -= 1
    const next = this.#waiting.shift()
    if (next === undefined) this.#running -= 1
    else next()
    return { ...outcome, cpuMicros: finish() }
  }

  async #perform(method: unknown, jsonArguments: unknown, bytes: unknown): Promise<string | Uint8Array> {
    if (typeof method !== 'string' || !methods.has(method)) throw new CryptoRefusal('NotSupportedError', 'There is no such method')
    if (bytes instanceof Uint8Array && bytes.length > maximumOperationBytes) {
      throw new CryptoRefusal('OperationError', `An operation takes at most ${maximumOperationBytes} bytes`)
    }
    const given = reviveArguments(jsonArguments, bytes, this.#keys)
    checkCost(method, given)
    if (method === 'importKey') return this.#import(given, this.#keys.importName(String(jsonArguments), bytes))
    return this.#marshal(await callSubtle(method, given))
  }

  async #import(given: unknown[], name: string): Promise<string> {
    const known = this.#keys.findImport(name)
    if (known !== undefined) return JSON.stringify(describeKey(known.id, known.key))
    const key = (await callSubtle('importKey', given)) as webcrypto.CryptoKey
    checkImported(key)
    return JSON.stringify(describeKey(this.#keys.add(key, name), key))
  }

  #marshal(result: unknown): string | Uint8Array {
    if (result instanceof ArrayBuffer) return new Uint8Array(result)
    if (typeof result === 'boolean') return String(result)
    if (isKey(result)) {
      checkImported(result)
      return JSON.stringify(describeKey(this.#keys.add(result), result))
    }
    const pair = result as { publicKey?: unknown; privateKey?: unknown }
    if (isKey(pair.publicKey) && isKey(pair.privateKey)) {
      const { publicKey, privateKey } = pair
      return JSON.stringify({
        publicKey: describeKey(this.#keys.add(publicKey), publicKey),
        privateKey: describeKey(this.#keys.add(privateKey), privateKey),
      })
    }
    return JSON.stringify(result)
  }
}

const methods = new Set([
  'digest', 'generateKey', 'importKey', 'exportKey', 'sign', 'verify', 'encrypt', 'decrypt', 'deriveBits', 'deriveKey', 'wrapKey', 'unwrapKey',
])

/** Calls a method of WebCrypto, which checks its arguments itself. */
async function callSubtle(method: string, given: unknown[]): Promise<unknown> {
  const engine = webcrypto.subtle as unknown as Record<string, (...values: unknown[]) => Promise<unknown>>
  return await engine[method]?.(...given)
}

function isKey(value: unknown): value is webcrypto.CryptoKey {
  return value instanceof globalThis.CryptoKey
}

function describeFailure(error: unknown): Omit<CryptoOutcome, 'cpuMicros'> {
  const { name, message } = error instanceof Error ? error : { name: 'OperationError', message: 'The operation failed' }
  // A DOMException inside, or the TypeErrors of the argument conversions; anything else of Node's is an operation that failed.
  const known = error instanceof DOMException || error instanceof CryptoRefusal || error instanceof TypeError
  return { error: known ? name : 'OperationError', value: message.slice(0, 1_024) }
}
