import { ReadableStream, type ReadableStreamDefaultReader } from '../streams/index.ts'
import { structuredClone } from '../structured-clone/index.ts'
import type { ChunkSource } from './chunk-source.ts'

/**
 * Two sources with the same bytes, read as fast as the faster of them; what the slower has not read yet waits for it. The first hands the
 * chunks on, the second copies of them. `source` is cancelled when both are.
 */
export function teeSource(source: ChunkSource): [first: ChunkSource, second: ChunkSource] {
  const shared = new SharedSource(source)
  return [shared.addBranch((chunk) => chunk), shared.addBranch((chunk) => chunk.slice())]
}

interface Branch {
  /** Chunks that were read for it already. */
  readonly queue: Uint8Array[]
  readonly own: (chunk: Uint8Array) => Uint8Array
  isCancelled: boolean
}

class SharedSource {
  readonly #source: ChunkSource
  readonly #branches: Branch[] = []
  /** The read that is under way; branches that wait for it share it. */
  #reading: Promise<boolean> | undefined

  constructor(source: ChunkSource) {
    this.#source = source
  }

  addBranch(own: Branch['own']): ChunkSource {
    const branch: Branch = { queue: [], own, isCancelled: false }
    this.#branches.push(branch)
    return {
      read: () => this.#read(branch),
      cancel: (reason) => this.#cancel(branch, reason),
    }
  }

  async #read(branch: Branch): Promise<Uint8Array | undefined> {
    while (branch.queue.length === 0 && !branch.isCancelled) {
      this.#reading ??= this.#readNext()
      if (!(await this.#reading)) break
    }
    return branch.queue.shift()
  }

  /** Answers whether there was one more chunk. After the end, and after a failure, the same answer comes again. */
  async #readNext(): Promise<boolean> {
    const chunk = await this.#source.read()
    if (chunk === undefined) return false
    this.#reading = undefined
    for (const { queue, own, isCancelled } of this.#branches) if (!isCancelled) queue.push(own(chunk))
    return true
  }

  #cancel(branch: Branch, reason: unknown): void {
    branch.isCancelled = true
    branch.queue.length = 0
    if (this.#branches.every(({ isCancelled }) => isCancelled)) this.#source.cancel(reason)
  }
}

/** https://streams.spec.whatwg.org/#abstract-opdef-readablestreamtee with clones for the second branch, as a body's clone asks. */
export function teeStream(stream: ReadableStream): [first: ReadableStream, second: ReadableStream] {
  const [first, second] = stream.tee()
  // A byte stream copies by itself.
  if (isByteStream(second)) return [first, second]
  const reader: ReadableStreamDefaultReader = second.getReader()
  const clones = new ReadableStream(
    {
      async pull(controller) {
        const { done, value }: { done: boolean; value?: unknown } = await reader.read()
        if (done) controller.close()
        else controller.enqueue(structuredClone(value))
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
  return [first, clones]
}

function isByteStream(stream: ReadableStream): boolean {
  try {
    stream.getReader({ mode: 'byob' }).releaseLock()
    return true
  } catch {
    return false
  }
}
