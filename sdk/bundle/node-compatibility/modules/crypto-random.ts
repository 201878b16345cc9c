import { Buffer } from './buffer.ts'

type Callback<T> = (error: Error | null, value: T) => void

/** As much as one call of the platform gives. */
const fillMax = 65_536

function fill(bytes: Uint8Array): void {
  for (let start = 0; start < bytes.length; start += fillMax) {
    globalThis.crypto.getRandomValues(bytes.subarray(start, start + fillMax) as Uint8Array<ArrayBuffer>)
  }
}

/** Answers at once, or by the callback in a turn of its own. */
export function answer<T>(compute: () => T, callback: Callback<T> | undefined): T | undefined {
  if (callback === undefined) return compute()
  const value = compute()
  globalThis.queueMicrotask(() => {
    callback(null, value)
  })
  return undefined
}

export function randomBytes(size: number, callback?: Callback<Buffer>): Buffer | undefined {
  if (typeof size !== 'number' || !(size >= 0 && size <= 2 ** 31 - 1)) {
    throw Object.assign(new RangeError(`The value of "size" is out of range. It must be >= 0 && <= 2147483647. Received ${size}`), { code: 'ERR_OUT_OF_RANGE' })
  }
  return answer(() => {
    const bytes = Buffer.alloc(size)
    fill(bytes)
    return bytes
  }, callback)
}

export const pseudoRandomBytes = randomBytes

export function randomFillSync<T extends ArrayBuffer | NodeJS.ArrayBufferView>(target: T, offset = 0, size?: number): T {
  const bytes = ArrayBuffer.isView(target) ? new Uint8Array(target.buffer, target.byteOffset, target.byteLength) : new Uint8Array(target)
  fill(bytes.subarray(offset, size === undefined ? undefined : offset + size))
  return target
}

export function randomFill<T extends NodeJS.ArrayBufferView>(target: T, ...rest: [...number[], Callback<T>]): void {
  const callback = rest.at(-1) as Callback<T>
  const [offset, size] = rest.slice(0, -1) as number[]
  answer(() => randomFillSync(target, offset, size), callback)
}

/** A number of a range of at most 2^48, each as likely: what would make some likelier is thrown again. */
export function randomInt(first: number, second?: number | Callback<number>, third?: Callback<number>): number | undefined {
  const [min, max] = typeof second === 'number' ? [first, second] : [0, first]
  const callback = typeof second === 'function' ? second : third
  const range = max - min
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || !(range > 0 && range < 2 ** 48)) {
    throw Object.assign(new RangeError('The range of randomInt must be of safe integers, above 0 and below 2^48'), { code: 'ERR_OUT_OF_RANGE' })
  }
  const limit = 2 ** 48 - (2 ** 48 % range)
  return answer(() => {
    for (;;) {
      const number = (randomBytes(6) as Buffer).readUIntBE(0, 6)
      if (number < limit) return min + (number % range)
    }
  }, callback)
}

export const randomUUID = (): string => globalThis.crypto.randomUUID()
export const getRandomValues: typeof globalThis.crypto.getRandomValues = (target) => globalThis.crypto.getRandomValues(target)
