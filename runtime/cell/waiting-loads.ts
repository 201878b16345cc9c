import { Buffer } from 'node:buffer'
import { FrameType } from '../bridge/index.ts'

export interface WaitingFrame {
  readonly type: number
  readonly id: number
  readonly payload: Buffer
}

interface WaitingLoad {
  /** The `load` itself where it has no isolate yet, and what came for its isolate and its exchanges since, in order. */
  readonly frames: WaitingFrame[]
}

/**
 * Loads that wait, first come, first served: for a blank isolate, which is on its way from another thread sooner than this one could make it;
 * or, once they have one, for what their module awaits.
 *
 * Invariant: frames for an isolate whose load waits are kept with it, so that they are taken in the order in which they came.
 */
export class WaitingLoads {
  readonly #loads = new Map<number, WaitingLoad>()
  readonly #exchanges = new Map<number, WaitingLoad>()

  get size(): number {
    return this.#loads.size
  }

  add(isolateId: number, payload: Buffer): void {
    this.#loads.set(isolateId, { frames: [keep(FrameType.load, isolateId, payload)] })
  }

  /** Keeps what comes for an isolate from now on: its load has begun. */
  hold(isolateId: number): void {
    this.#loads.set(isolateId, { frames: [] })
  }

  /** Keeps the frame if it is for something that waits; false where it is not. */
  take(type: number, id: number, payload: Buffer): boolean {
    const load = this.#find(type, id, payload)
    if (load === undefined) return false
    load.frames.push(keep(type, id, payload))
    if (type === FrameType.open) this.#exchanges.set(id, load)
    return true
  }

  /** The frames of the load that waits longest, which then waits no more. */
  next(): readonly WaitingFrame[] {
    const [first] = this.#loads.keys()
    return first === undefined ? [] : this.release(first)
  }

  /** The frames of this load, which then waits no more. */
  release(isolateId: number): readonly WaitingFrame[] {
    const load = this.#loads.get(isolateId)
    if (load === undefined) return []
    this.#loads.delete(isolateId)
    for (const { type, id } of load.frames) if (type === FrameType.open) this.#exchanges.delete(id)
    return load.frames
  }

  #find(type: number, id: number, payload: Buffer): WaitingLoad | undefined {
    switch (type) {
      case FrameType.load:
      case FrameType.unload:
        return this.#loads.get(id)
      case FrameType.open:
        return this.#loads.get(payload.readUInt32LE(0))
      default:
        return this.#exchanges.get(id)
    }
  }
}

/** The payload is a view of a buffer that is read into again. */
function keep(type: number, id: number, payload: Buffer): WaitingFrame {
  return { type, id, payload: Buffer.from(payload) }
}
