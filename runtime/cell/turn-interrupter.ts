import { read } from 'node:fs'
import ivm from 'isolated-vm'

/** How often the thread looks while turns run, and how long it goes on doing so after the last of them. */
const pollMs = 10
const restlessPolls = 50

/**
 * Words of the memory that threads share. From `orders` on they are written by the kernel, as the supervisor sends them: numbers of turns to end.
 */
const Word = { turn: 0, serial: 1, ended: 2, asleep: 3, generation: 4, orders: 5 } as const
const wordBytes = 4
/** Orders that are waited for at a time. One that came is waited for anew when this thread is back at its event loop: several turns may be cut before. */
export const ordersAwaited = 3

interface Loop {
  add(serial: number, isolate: ivm.Isolate): void
  watch(generation: number): void
}

/** `Loop`. Runs in an isolate of its own, on a thread of isolated-vm's pool. */
const loopSource = `
  const words = new Int32Array($0)
  const isolates = new Map()
  let lookedThrough = 0
  const forgetDisposed = () => {
    for (const [serial, isolate] of isolates) if (isolate.isDisposed) isolates.delete(serial)
  }
  const endIfOrdered = (at) => {
    const order = Atomics.load(words, at)
    if (order === 0 || Atomics.load(words, ${Word.turn}) !== order) return
    const serial = Atomics.load(words, ${Word.serial})
    // The turn may have changed between the two reads: only where it did not the serial is its isolate's.
    if (Atomics.load(words, ${Word.turn}) !== order) return
    Atomics.store(words, ${Word.ended}, serial)
    Atomics.store(words, at, 0)
    isolates.get(serial)?.dispose()
  }
  return {
    add(serial, isolate) {
      isolates.set(serial, isolate)
      if (++lookedThrough % 64 === 0) forgetDisposed()
    },
    watch(generation) {
      let seen = 0
      let polls = 0
      while (Atomics.load(words, ${Word.generation}) === generation) {
        const turn = Atomics.load(words, ${Word.turn})
        polls = turn === seen ? polls + 1 : 0
        seen = turn
        const isAsleep = polls > ${restlessPolls} && turn === 0
        Atomics.store(words, ${Word.asleep}, isAsleep ? 1 : 0)
        if (isAsleep && Atomics.load(words, ${Word.turn}) === 0) Atomics.wait(words, ${Word.asleep}, 1, 1000)
        else Atomics.wait(words, ${Word.generation}, generation, ${pollMs})
        for (let at = ${Word.orders}; at < words.length; at++) endIfOrdered(at)
      }
    },
  }`

/**
 * Ends a turn from another thread, when the supervisor says that it had its CPU time. A time-out of the engine counts by the clock, which tells
 * nothing on a busy machine; and this thread can not look at its own CPU time while it runs a turn.
 *
 * The order comes by a descriptor that threads of libuv read into shared memory, where a thread of isolated-vm finds it and disposes the
 * isolate: so it works however stuck this thread is, but in what the engine itself can not interrupt.
 *
 * Invariant: only the isolate of the ordered turn is ended, and only while that turn runs.
 */
export class TurnInterrupter {
  readonly #words: Int32Array
  readonly #descriptor: number
  readonly #add: ivm.Reference<Loop['add']>
  readonly #watch: ivm.Reference<Loop['watch']>
  #serials = 0
  #generation = 0

  /** @param descriptor from which orders are read: the number of a turn, u32 little endian */
  constructor(descriptor: number) {
    const memory = new SharedArrayBuffer((Word.orders + ordersAwaited) * wordBytes)
    this.#words = new Int32Array(memory)
    this.#descriptor = descriptor
    const context = new ivm.Isolate({ memoryLimit: 16 }).createContextSync()
    const loop: ivm.Reference<Loop> = context.evalClosureSync(loopSource, [new ivm.ExternalCopy(memory).copyInto()], {
      result: { reference: true },
    })
    this.#add = loop.getSync('add', { reference: true })
    this.#watch = loop.getSync('watch', { reference: true })
    for (let slot = 0; slot < ordersAwaited; slot++) this.#awaitOrder(new Uint8Array(memory, (Word.orders + slot) * wordBytes, wordBytes))
    this.#restart()
  }

  /** Makes an isolate known. Answers with the serial that `enter` wants. */
  add(isolate: ivm.Isolate): number {
    const serial = ++this.#serials
    this.#generation++
    Atomics.store(this.#words, Word.generation, this.#generation)
    Atomics.notify(this.#words, Word.generation)
    this.#wake()
    this.#add.applyIgnored(undefined, [serial, isolate])
    this.#restart()
    return serial
  }

  /** A turn of this isolate begins, with the number that the marker gave it. */
  enter(turn: number, serial: number): void {
    Atomics.store(this.#words, Word.serial, serial)
    Atomics.store(this.#words, Word.turn, turn)
    if (Atomics.load(this.#words, Word.asleep) === 1) this.#wake()
  }

  /** The turn is over. */
  leave(): void {
    Atomics.store(this.#words, Word.turn, 0)
  }

  /** Whether this isolate was the last that an order ended. */
  hasEnded(serial: number): boolean {
    return Atomics.load(this.#words, Word.ended) === serial
  }

  #wake(): void {
    Atomics.store(this.#words, Word.asleep, 0)
    Atomics.notify(this.#words, Word.asleep)
  }

  #restart(): void {
    this.#watch.applyIgnored(undefined, [this.#generation])
  }

  #awaitOrder(word: Uint8Array): void {
    read(this.#descriptor, word, 0, wordBytes, null, (error, bytesRead) => {
      // Else the supervisor is gone, and this process about to end.
      if (error === null && bytesRead === wordBytes) this.#awaitOrder(word)
    })
  }
}
