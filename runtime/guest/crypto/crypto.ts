import { HostOperation } from '../../bridge/index.ts'
import { DOMException } from '../dom-exception.ts'
import { callHost } from '../host.ts'
import { isArrayBuffer, typedArrayBuffer, typedArrayByteLength, typedArrayByteOffset, typedArrayName } from '../primordials.ts'
import { QuotaExceededError } from '../quota-exceeded-error.ts'
import { requireArguments, shapeInterface } from '../webidl.ts'
import { createSubtleCrypto, type SubtleCrypto } from './subtle-crypto.ts'

const token = Symbol('Crypto')
const integerArrays = new Set<string | undefined>([
  'Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array', 'BigInt64Array', 'BigUint64Array',
])
const maximumRandomBytes = 65_536

/** https://w3c.github.io/webcrypto/#crypto-interface */
export class Crypto {
  readonly #subtle: SubtleCrypto = createSubtleCrypto()

  constructor(key: unknown = undefined) {
    if (key !== token) throw new TypeError('Illegal constructor')
  }

  get subtle(): SubtleCrypto {
    return this.#subtle
  }

  /** https://w3c.github.io/webcrypto/#Crypto-method-getRandomValues */
  getRandomValues<T>(array: T): T {
    void this.#subtle
    requireArguments(arguments.length, 1, 'Crypto.getRandomValues')
    const kind = typedArrayName(array)
    if (kind === undefined && !ArrayBuffer.isView(array)) throw new TypeError('getRandomValues takes an integer typed array')
    if (!integerArrays.has(kind)) throw new DOMException('getRandomValues takes an integer typed array', 'TypeMismatchError')
    if (!isArrayBuffer(typedArrayBuffer(array))) throw new TypeError('getRandomValues does not take shared memory')
    const length = typedArrayByteLength(array)
    if (length > maximumRandomBytes) {
      throw new QuotaExceededError(`getRandomValues gives at most ${maximumRandomBytes} bytes at a time, not ${length}`, { quota: maximumRandomBytes, requested: length })
    }
    if (length === 0) return array
    const target = new Uint8Array(typedArrayBuffer(array), typedArrayByteOffset(array), length)
    target.set(callHost(HostOperation.randomBytes, 0, length) as Uint8Array)
    return array
  }

  /** https://w3c.github.io/webcrypto/#Crypto-method-randomUUID */
  randomUUID(): string {
    void this.#subtle
    return callHost(HostOperation.randomUuid, 0) as string
  }
}

shapeInterface(Crypto, 'Crypto')

/** What stands at `globalThis.crypto`. */
export const crypto = new Crypto(token)
