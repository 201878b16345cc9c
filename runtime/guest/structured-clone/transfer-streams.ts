import { reflectApply } from '../primordials.ts'
import { ReadableStream, TransformStream, WritableStream } from '../streams/index.ts'
import { Cloner } from './cloner.ts'
import { defineTransferable, notTransferable, type Transfer } from './transfer.ts'

/**
 * https://streams.spec.whatwg.org/#transferrable-streams, where both sides are the same isolate: the receiver reads from the original, or writes
 * to it, and each chunk is cloned on the way.
 */

const readableLocked = getterOf(ReadableStream.prototype, 'locked')
const writableLocked = getterOf(WritableStream.prototype, 'locked')
const transformReadable = getterOf(TransformStream.prototype, 'readable')
const transformWritable = getterOf(TransformStream.prototype, 'writable')

function getterOf(prototype: object, key: string): (() => unknown) | undefined {
  return Reflect.getOwnPropertyDescriptor(prototype, key)?.get
}

/** What a getter gives, or undefined on another kind of object: its brand check refuses. */
function read(getter: (() => unknown) | undefined, value: object): unknown {
  try {
    return getter === undefined ? undefined : reflectApply(getter, value, [])
  } catch {
    return undefined
  }
}

interface Reader {
  read(): Promise<{ done: boolean; value?: unknown }>
  cancel(reason: unknown): Promise<void>
}

interface Writer {
  write(chunk: unknown): Promise<void>
  close(): Promise<void>
  abort(reason: unknown): Promise<void>
}

function cloneChunk(chunk: unknown): unknown {
  return new Cloner().clone(chunk)
}

function moveReadable(stream: ReadableStream<unknown>): Transfer {
  let reader: Reader | undefined
  const receiver = new ReadableStream<unknown>({
    async pull(controller) {
      const step = await reader?.read()
      if (step === undefined || step.done) controller.close()
      else controller.enqueue(cloneChunk(step.value))
    },
    cancel: (reason: unknown) => reader?.cancel(reason),
  }, { highWaterMark: 0 })
  const commit = (): void => {
    // Its transform stream may have moved before it.
    if (stream.locked) throw notTransferable()
    reader = stream.getReader()
  }
  return { receiver, commit }
}

function moveWritable(stream: WritableStream<unknown>): Transfer {
  let writer: Writer | undefined
  const receiver = new WritableStream<unknown>({
    write: (chunk) => writer?.write(cloneChunk(chunk)),
    close: () => writer?.close(),
    abort: (reason: unknown) => writer?.abort(reason),
  })
  const commit = (): void => {
    if (stream.locked) throw notTransferable()
    writer = stream.getWriter()
  }
  return { receiver, commit }
}

/** Both sides move, into a transform stream that has them for its own. */
function moveTransform(readable: ReadableStream<unknown>, writable: WritableStream<unknown>): Transfer {
  const [movedReadable, movedWritable] = [moveReadable(readable), moveWritable(writable)]
  let reader: Reader | undefined
  let writer: Writer | undefined
  let pumping: Promise<void> | undefined
  const receiver = new TransformStream<unknown, unknown>({
    start(controller) {
      // Begins once both sides are there, which is when this function's caller goes on.
      pumping = Promise.resolve().then(async () => {
        for (;;) {
          const step = await reader?.read()
          if (step === undefined || step.done) return
          controller.enqueue(step.value)
        }
      }).catch((error: unknown) => controller.error(error))
    },
    transform: (chunk) => writer?.write(chunk),
    async flush() {
      await writer?.close()
      await pumping
    },
  })
  const commit = (): void => {
    movedReadable.commit()
    movedWritable.commit()
    reader = (movedReadable.receiver as ReadableStream<unknown>).getReader()
    writer = (movedWritable.receiver as WritableStream<unknown>).getWriter()
  }
  return { receiver, commit }
}

/** Called once, while the snapshot is built. */
export function defineTransferableStreams(): void {
  defineTransferable((value) => {
    const isLocked = read(readableLocked, value)
    if (isLocked === true) throw notTransferable()
    return isLocked === undefined ? undefined : moveReadable(value as ReadableStream<unknown>)
  })
  defineTransferable((value) => {
    const isLocked = read(writableLocked, value)
    if (isLocked === true) throw notTransferable()
    return isLocked === undefined ? undefined : moveWritable(value as WritableStream<unknown>)
  })
  defineTransferable((value) => {
    const [readable, writable] = [read(transformReadable, value), read(transformWritable, value)] as [ReadableStream<unknown> | undefined, WritableStream<unknown> | undefined]
    if (readable === undefined || writable === undefined) return undefined
    if (readable.locked || writable.locked) throw notTransferable()
    return moveTransform(readable, writable)
  })
}
