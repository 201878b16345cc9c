/** https://webidl.spec.whatwg.org/#js-default-iterator-object: live over the pairs, one step at a time. */

const iteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())) as object
type Kind = 'keys' | 'values' | 'entries'
type Pair = readonly [string, unknown]

/** Makes the factory of an interface's iterators. `pairAt` answers undefined behind the last pair. */
export function iteratorFactory<Target extends object>(
  name: string,
  pairAt: (target: Target, index: number) => Pair | undefined,
): (target: Target, kind: Kind) => IterableIterator<unknown> {
  const states = new WeakMap<object, { readonly target: Target; readonly kind: Kind; index: number }>()
  const prototype = Object.create(iteratorPrototype, {
    next: {
      value: function next(this: object): IteratorResult<unknown> {
        const state = states.get(this)
        if (state === undefined) throw new TypeError(`next was called on what is no ${name}`)
        const pair = pairAt(state.target, state.index)
        if (pair === undefined) return { value: undefined, done: true }
        state.index += 1
        return { value: state.kind === 'entries' ? [...pair] : state.kind === 'keys' ? pair[0] : pair[1], done: false }
      },
      writable: true, enumerable: true, configurable: true,
    },
    [Symbol.toStringTag]: { value: name, configurable: true },
  }) as object
  return (target, kind) => {
    const iterator = Object.create(prototype) as IterableIterator<unknown>
    states.set(iterator, { target, kind, index: 0 })
    return iterator
  }
}
