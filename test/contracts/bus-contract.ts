import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Bus } from '../../control-plane/bus/index.ts'

export interface BusHarness {
  /** Two ends of one bus, in one process or in two; the same twice where there is only one. */
  open(): Promise<readonly [Bus, Bus]>
  cleanUp(): Promise<void>
}

/** What every bus does, whatever carries it. */
export function describeBusContract(name: string, createHarness: () => Promise<BusHarness>): void {
  describe(`${name} keeps the bus's contract`, () => {
    let harness: BusHarness
    let near: Bus
    let far: Bus

    beforeEach(async () => {
      harness = await createHarness()
      ;[near, far] = await harness.open()
    })
    afterEach(async () => {
      await Promise.all([near.close(), far.close()])
      await harness.cleanUp()
    })

    function listen(bus: Bus, topic: string): { readonly heard: unknown[]; readonly stop: () => void } {
      const heard: unknown[] = []
      return { heard, stop: bus.subscribe(topic, (message) => heard.push(message)) }
    }

    it('tells everybody who listens to the topic, here and there, in the order of the calls', async () => {
      const ends = [listen(near, 'a'), listen(far, 'a'), listen(far, 'a')]
      const other = listen(far, 'b')
      for (let index = 0; index < 50; index += 1) near.publish('a', { index, text: 'väl "gömt"' })
      near.publish('b', 'end')
      await expect.poll(() => other.heard).toEqual(['end'])
      for (const { heard } of ends) expect(heard).toEqual(Array.from({ length: 50 }, (_, index) => ({ index, text: 'väl "gömt"' })))
    })

    it('carries what is longer than a message of the network, among others, in order', async () => {
      const { heard } = listen(far, 'a')
      const long = 'ä"\u0001'.repeat(700_000)
      for (const message of ['before', long, 'between', [long], 'after']) near.publish('a', message)
      await expect.poll(() => heard.length, { timeout: 10_000 }).toBe(5)
      expect(heard[1] === long && (heard[3] as string[])[0] === long).toBe(true)
      expect([heard[0], heard[2], heard[4]]).toEqual(['before', 'between', 'after'])
    })

    it('tells whoever listens in the same process at once', () => {
      const { heard } = listen(near, 'a')
      near.publish('a', 1)
      expect(heard).toEqual([1])
    })

    it('tells nothing any more once the listener has stopped', async () => {
      const stopped = listen(far, 'a')
      const goesOn = listen(far, 'a')
      stopped.stop()
      stopped.stop()
      near.publish('a', 1)
      await expect.poll(() => goesOn.heard).toEqual([1])
      expect(stopped.heard).toEqual([])
    })

    it('lets a listener stop, and listen again, while it is told', async () => {
      const heard: unknown[] = []
      const stop = far.subscribe('a', (message) => {
        heard.push(message)
        stop()
        far.subscribe('a', (next) => heard.push(['again', next]))
      })
      near.publish('a', 1)
      near.publish('a', 2)
      await expect.poll(() => heard).toEqual([1, ['again', 2]])
    })

    it('never throws: not without listeners, not after it was closed, not where a message is too long', async () => {
      near.publish('nobody', 1)
      near.publish('a', 'x'.repeat(9 * 1024 * 1024))
      await near.close()
      near.publish('a', 1)
    })
  })
}
