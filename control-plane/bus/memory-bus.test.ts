import { describeBusContract } from '../../test/contracts/bus-contract.ts'
import { MemoryBus } from './memory-bus.ts'

describeBusContract('memory', async () => {
  const bus = new MemoryBus()
  return { open: () => Promise.resolve([bus, bus]), cleanUp: () => Promise.resolve() }
})
