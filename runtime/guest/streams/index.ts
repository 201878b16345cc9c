import { ReadableStream } from 'web-streams-polyfill'

/**
 * https://streams.spec.whatwg.org/, by web-streams-polyfill: the specification's reference implementation, kept complete
 * (byte streams, async iteration, `ReadableStream.from`).
 */
export {
  ByteLengthQueuingStrategy,
  CountQueuingStrategy,
  ReadableByteStreamController,
  ReadableStream,
  ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
  TransformStream,
  TransformStreamDefaultController,
  WritableStream,
  WritableStreamDefaultController,
  WritableStreamDefaultWriter,
} from 'web-streams-polyfill'

/** https://webidl.spec.whatwg.org/#es-asynchronous-iterator-prototype-object: it inherits from %AsyncIteratorPrototype%, and from there alone is iterable. */
function adoptAsyncIterator(): void {
  const generatorPrototype = Object.getPrototypeOf(async function* () {}.prototype) as object
  const iteratorPrototype = Object.getPrototypeOf(new ReadableStream().values()) as object
  Object.setPrototypeOf(iteratorPrototype, Object.getPrototypeOf(generatorPrototype) as object)
  Reflect.deleteProperty(iteratorPrototype, Symbol.asyncIterator)
}

adoptAsyncIterator()
