import { webcrypto } from 'node:crypto'
import { PoolMeter } from '../pool-meter.ts'
import { PoolQueue } from '../pool-queue.ts'
import { CryptoRefusal, describeKey, reviveArguments } from './crypto-arguments.ts'
import { createSecret, digestNow, isQuickMethod, type QuickMethod, useSecret } from './crypto-immediate.ts'
import { KeyTable } from './crypto-keys.ts'
import { checkCost, checkImported } from './crypto-limits.ts'

const maximumOperationBytes = 32 * 1024 * 1024
/** Hashing so much takes about as long as it takes another thread to begin. */
const maximumImmediateBytes = 64 * 1024

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
  readonly #queue: PoolQueue

  constructor(queue: PoolQueue = new PoolQueue(new PoolMeter())) {
    this.#queue = queue
  }

  /**
   * The result of what is done sooner on this thread than handed to another: digests, HMAC, AES-GCM and keys of secrets, of short data. Undefined
   * for everything else, what is wrong included: `perform` does that.
   */
  performNow(method: unknown, jsonArguments: unknown, bytes: unknown): string | Uint8Array | undefined {
    if (!isQuickMethod(method) || !(bytes instanceof Uint8Array) || bytes.length > maximumImmediateBytes) return undefined
    try {
      return this.#performNow(method, jsonArguments, bytes)
    } catch {
      return undefined
    }
  }

  /** Never throws or rejects. `isWanted` is asked when its turn comes. */
  async perform(method: unknown, jsonArguments: unknown, bytes: unknown, isWanted: () => boolean = () => true): Promise<CryptoOutcome> {
    const heldBytes = (bytes instanceof Uint8Array ? bytes.length : 0) + (typeof jsonArguments === 'string' ? 2 * jsonArguments.length : 0)
    const refusal = this.#queue.refusal(heldBytes)
    if (refusal !== undefined) return { cpuMicros: 0, error: 'OperationError', value: refusal }
    const { value, cpuMicros } = await this.#queue.run(heldBytes, async () => {
      try {
        if (!isWanted()) throw new CryptoRefusal('OperationError', 'The request that asked for it is over')
        return { error: '', value: await this.#perform(method, jsonArguments, bytes) }
      } catch (error) {
        return describeFailure(error)
      }
    })
    return { ...value, cpuMicros }
  }

  #performNow(method: QuickMethod, jsonArguments: unknown, bytes: Uint8Array): string | Uint8Array | undefined {
    const given = reviveArguments(jsonArguments, bytes, this.#keys)
    if (method === 'digest') return digestNow(given)
    if (method !== 'importKey' && method !== 'generateKey') return useSecret(method, given, (key) => this.#keys.secretOf(key))
    checkCost(method, given)
    const name = method === 'importKey' ? this.#keys.importName(String(jsonArguments), bytes) : undefined
    const known = name === undefined ? undefined : this.#keys.findImport(name)
    if (known !== undefined) return JSON.stringify(describeKey(known.id, known.key))
    const made = createSecret(method, given)
    return made === undefined ? undefined : JSON.stringify(describeKey(this.#keys.add(made.key, bytes.length, name, made.secret), made.key))
  }

  async #perform(method: unknown, jsonArguments: unknown, bytes: unknown): Promise<string | Uint8Array> {
    if (typeof method !== 'string' || !methods.has(method)) throw new CryptoRefusal('NotSupportedError', 'There is no such method')
    if (bytes instanceof Uint8Array && bytes.length > maximumOperationBytes) {
      throw new CryptoRefusal('OperationError', `An operation takes at most ${maximumOperationBytes} bytes`)
    }
    const given = reviveArguments(jsonArguments, bytes, this.#keys)
    checkCost(method, given)
    const callBytes = Math.max(String(jsonArguments).length, bytes instanceof Uint8Array ? bytes.length : 0)
    if (method === 'importKey') return this.#import(given, this.#keys.importName(String(jsonArguments), bytes), callBytes)
    return this.#marshal(await callSubtle(method, given), callBytes)
  }

  async #import(given: unknown[], name: string, callBytes: number): Promise<string> {
    const known = this.#keys.findImport(name)
    if (known !== undefined) return JSON.stringify(describeKey(known.id, known.key))
    const key = (await callSubtle('importKey', given)) as webcrypto.CryptoKey
    checkImported(key)
    return JSON.stringify(describeKey(this.#keys.add(key, callBytes, name), key))
  }

  #marshal(result: unknown, callBytes: number): string | Uint8Array {
    if (result instanceof ArrayBuffer) return new Uint8Array(result)
    if (typeof result === 'boolean') return String(result)
    if (isKey(result)) {
      checkImported(result)
      return JSON.stringify(describeKey(this.#keys.add(result, callBytes), result))
    }
    const pair = result as { publicKey?: unknown; privateKey?: unknown }
    if (isKey(pair.publicKey) && isKey(pair.privateKey)) {
      const { publicKey, privateKey } = pair
      return JSON.stringify({
        publicKey: describeKey(this.#keys.add(publicKey, callBytes), publicKey),
        privateKey: describeKey(this.#keys.add(privateKey, callBytes), privateKey),
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
