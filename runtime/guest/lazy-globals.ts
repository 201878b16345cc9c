import { shapeInterface } from './webidl.ts'

type Interface = abstract new (...parameters: never[]) => object
const { defineProperty } = Reflect

/**
 * The global property of something that few functions use: it is built when it is first asked for, and is a plain data property from then on.
 * Until then the start-up snapshot holds no more of it than its source.
 *
 * What code can see of that: `Object.getOwnPropertyDescriptor` shows an accessor until the property was read or written once.
 */
export function lazyValue(name: string, build: () => object): PropertyDescriptor {
  let built: object | undefined
  const replace = (target: object, value: unknown): void => {
    defineProperty(target, name, { value, writable: true, enumerable: false, configurable: true })
  }
  return {
    get() {
      if (built === undefined) {
        built = build()
        replace(globalThis, built)
      }
      return built
    },
    /** On an object that inherits from the global one it makes a property of its own, as assigning to one with a data property does. */
    set(this: object | undefined, value: unknown) {
      if (this === undefined || this === globalThis) replace(globalThis, value)
      else defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true })
    },
    enumerable: false,
    configurable: true,
  }
}

/** `lazyValue` for an interface. */
export function lazyInterface(name: string, build: () => Interface): PropertyDescriptor {
  return lazyValue(name, () => {
    const built = build()
    shapeInterface(built, name)
    // Bundlers rename.
    defineProperty(built, 'name', { value: name, configurable: true })
    return built
  })
}
