import { reflectApply } from '../primordials.ts'

/** https://webidl.spec.whatwg.org/#js-sequence: what an object's iterator gives, each by `convert`. A TypeError for what has none. */
export function toSequence<T>(value: unknown, what: string, convert: (item: unknown) => T): T[] {
  const method = isObject(value) ? iteratorMethod(value) : undefined
  if (method === undefined) throw new TypeError(`${what} is not iterable`)
  return createSequence(value, method, what, convert)
}

/** `@@iterator` of an object, looked up once as WebIDL does for its unions; undefined where there is none. */
export function iteratorMethod(value: object): (() => unknown) | undefined {
  const method = (value as { [Symbol.iterator]?: unknown })[Symbol.iterator]
  if (method === undefined || method === null) return undefined
  if (typeof method !== 'function') throw new TypeError('the iterator is not a function')
  return method as () => unknown
}

/** https://webidl.spec.whatwg.org/#create-sequence-from-iterable */
export function createSequence<T>(value: unknown, method: () => unknown, what: string, convert: (item: unknown) => T): T[] {
  const iterator = reflectApply(method, value, []) as { next?: unknown }
  if (!isObject(iterator)) throw new TypeError(`${what} is not iterable`)
  const { next } = iterator
  const items: T[] = []
  for (;;) {
    const step = reflectApply(next as () => IteratorResult<unknown>, iterator, [])
    if (!isObject(step)) throw new TypeError(`the iterator of ${what} gave what is no object`)
    if (step.done) return items
    items.push(convert(step.value))
  }
}

/** https://webidl.spec.whatwg.org/#js-record: own enumerable properties; a key that converts to one seen before replaces its value. */
export function toRecord<T>(value: object, convertKey: (key: unknown) => string, convert: (value: unknown) => T): [string, T][] {
  const record = new Map<string, T>()
  for (const key of Reflect.ownKeys(value)) {
    if (Reflect.getOwnPropertyDescriptor(value, key)?.enumerable !== true) continue
    const name = convertKey(key)
    record.set(name, convert((value as Record<PropertyKey, unknown>)[key]))
  }
  return [...record]
}

export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
