import { shapeInterface } from './webidl.ts'

/**
 * The global property of an interface that few functions use: the class is built when it is first asked for, and is a plain data property from
 * then on. Until then the start-up snapshot holds no more of it than its source.
 */
export function lazyInterface(name: string, build: () => abstract new (...parameters: never[]) => object): PropertyDescriptor {
  const replace = (value: unknown): void => {
    Object.defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true })
  }
  return {
    get() {
      const value = build()
      shapeInterface(value, name)
      // Bundlers rename.
      Object.defineProperty(value, 'name', { value: name, configurable: true })
      replace(value)
      return value
    },
    set: replace,
    enumerable: false,
    configurable: true,
  }
}
