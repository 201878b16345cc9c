/** The few conversions of https://webidl.spec.whatwg.org/ that the interfaces share. */

/** https://webidl.spec.whatwg.org/#es-DOMString */
export function toDomString(value: unknown): string {
  if (typeof value === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string')
  return String(value)
}

/** https://webidl.spec.whatwg.org/#es-USVString: lone surrogates become U+FFFD. */
export function toUsvString(value: unknown): string {
  return (typeof value === 'string' ? value : toDomString(value)).toWellFormed()
}

/** https://webidl.spec.whatwg.org/#es-dictionary: undefined and null are an empty dictionary, other primitives are refused. */
export function toDictionary(value: unknown, name: string): Record<string, unknown> {
  if (value === undefined || value === null) return {}
  if (typeof value !== 'object' && typeof value !== 'function') throw new TypeError(`${name} is not an object`)
  return value as Record<string, unknown>
}

export function requireArguments(count: number, needed: number, what: string): void {
  if (count >= needed) return
  throw new TypeError(`${what} requires ${needed} argument${needed === 1 ? '' : 's'}, but ${count} ${count === 1 ? 'was' : 'were'} given`)
}

const platformPrototypes = new Set<object>()

/** Whether `prototype` belongs to an interface that `shapeInterface` shaped. */
export function isPlatformPrototype(prototype: object): boolean {
  return platformPrototypes.has(prototype)
}

/**
 * Gives a class the property attributes that WebIDL asks of an interface: members enumerable, `Symbol.toStringTag` its name.
 * https://webidl.spec.whatwg.org/#interface-prototype-object
 */
export function shapeInterface(constructor: abstract new (...parameters: never[]) => object, name: string): void {
  const prototype = constructor.prototype as object
  platformPrototypes.add(prototype)
  for (const owner of [prototype, constructor]) {
    for (const key of Object.getOwnPropertyNames(owner)) {
      if (key === 'constructor' || key === 'prototype' || key === 'length' || key === 'name') {
        // oxlint-disable-next-line typescript/unbound-method -- only asked whether it is there
        if (Object.getOwnPropertyDescriptor(owner, key)?.get === undefined) continue
      }
      const descriptor = Object.getOwnPropertyDescriptor(owner, key)
      if (descriptor?.configurable) Object.defineProperty(owner, key, { ...descriptor, enumerable: true })
    }
  }
  Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true, enumerable: false, writable: false })
}
