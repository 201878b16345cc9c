import { bindToFrame, currentFrame } from './context.ts'

const methods = ['start', 'pull', 'cancel', 'write', 'close', 'abort', 'transform', 'flush'] as const
type Underlying = Record<string, unknown>

/** The source, sink or transformer of a stream, with its methods in the frame of now: the stream calls them when it pleases. */
function bindMethods(underlying: unknown): unknown {
  if (typeof underlying !== 'object' || underlying === null || currentFrame() === undefined) return underlying
  const bound = Object.create(underlying) as Underlying
  for (const name of methods) {
    const method = (underlying as Underlying)[name]
    if (typeof method !== 'function') continue
    const call = bindToFrame((...parameters: unknown[]): unknown => Reflect.apply(method, underlying, parameters))
    Object.defineProperty(bound, name, { value: call })
  }
  return bound
}

/** What a stream made of it takes, it takes in the frame of now. */
function bindIterable(iterable: unknown): unknown {
  if (typeof iterable !== 'object' || iterable === null || currentFrame() === undefined) return iterable
  const source = iterable as Partial<AsyncIterable<unknown> & Iterable<unknown>>
  const iterate = source[Symbol.asyncIterator] ?? source[Symbol.iterator]
  if (typeof iterate !== 'function') return iterable
  const start = bindToFrame(() => {
    const iterator = Reflect.apply(iterate, iterable, []) as AsyncIterator<unknown> & Iterator<unknown>
    return {
      next: bindToFrame((...parameters: []) => iterator.next(...parameters)),
      ...(iterator.return === undefined ? {} : { return: bindToFrame((value: unknown) => iterator.return?.(value)) }),
    }
  })
  return source[Symbol.asyncIterator] === undefined ? { [Symbol.iterator]: start } : { [Symbol.asyncIterator]: start }
}

export function patchStreams(): void {
  const { from } = ReadableStream as unknown as { from: (iterable: unknown) => unknown }
  for (const name of ['ReadableStream', 'WritableStream', 'TransformStream'] as const) {
    const value = new Proxy(globalThis[name], {
      construct: (target, [underlying, ...strategies]: unknown[], newTarget: new () => object) =>
        Reflect.construct(target, underlying === undefined ? [] : [bindMethods(underlying), ...strategies], newTarget) as object,
    })
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true })
  }
  Object.defineProperty(ReadableStream, 'from', {
    value: (iterable: unknown) => from(bindIterable(iterable)),
    writable: true,
    enumerable: true,
    configurable: true,
  })
}
