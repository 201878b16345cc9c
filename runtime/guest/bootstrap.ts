import { type GuestBoot, GuestEvent, type GuestEntry, type Transfer } from '../bridge/index.ts'
import { beginTurn, startClock } from './clock.ts'
import { receiveStep } from './compression/index.ts'
import { receiveResult } from './crypto/index.ts'
import {
  adoptHandlers,
  configure,
  connect,
  forgetExchange,
  receiveChunk,
  receiveCredit,
  receiveEnd,
  receiveHead,
  receiveReset,
  startRequest,
} from './exchange/index.ts'
import { adoptGlobalObject, reportRejection } from './global-scope/index.ts'
import { attributes, eventHandlers, foreignInterfaces, lazyInterfaces, namespaces, operations, ownInterfaces, urlOperations } from './globals.ts'
import {
  hardenArrayBuffers,
  hardenDate,
  hardenDateFormats,
  hardenSharedMemory,
  hardenTemporal,
  hardenWebAssembly,
  limitWasm,
  rehearseHardening,
} from './hardening/index.ts'
import { connectHost, setCurrentRequestId } from './host.ts'
import { lazyInterface } from './lazy-globals.ts'
import { rehearse } from './rehearsal.ts'
import { reportException } from './report-exception.ts'
import { fireTimer, forgetTimers } from './timers/index.ts'
import { shapeInterface } from './webidl.ts'
import { setConnector } from './websocket/index.ts'

/**
 * The entry of the guest bundle, and the only file that installs globals. All of it runs while the snapshot is built but for
 * `boot`, which runs in each restored isolate and has to stay short. The contract is ../bridge/guest-interface.ts.
 */

function install(name: string, descriptor: PropertyDescriptor): void {
  Object.defineProperty(globalThis, name, { configurable: true, ...descriptor })
}

/** Bundlers and minified libraries rename. */
function nameFunction(value: object, name: string): void {
  Object.defineProperty(value, 'name', { value: name, configurable: true })
}

/** https://webidl.spec.whatwg.org/#define-the-global-property-references */
function installGlobals(): void {
  Object.assign(ownInterfaces.URL, urlOperations)
  for (const [name, value] of Object.entries(ownInterfaces)) {
    shapeInterface(value, name)
    nameFunction(value, name)
    install(name, { value, writable: true, enumerable: false })
  }
  for (const [name, build] of Object.entries(lazyInterfaces)) install(name, lazyInterface(name, build))
  for (const [name, value] of Object.entries(foreignInterfaces)) {
    nameFunction(value, name)
    install(name, { value, writable: true, enumerable: false })
  }
  for (const [name, value] of Object.entries(operations)) {
    nameFunction(value, name)
    install(name, { value, writable: true, enumerable: true })
  }
  for (const [name, value] of Object.entries(namespaces)) install(name, { value, writable: true, enumerable: false })
  for (const [name, { get, set }] of Object.entries(eventHandlers)) install(name, { get, set, enumerable: true })
  for (const [name, get] of Object.entries(attributes)) {
    install(name, {
      get: () => get(),
      set: (replacement: unknown) => install(name, { value: replacement, writable: true, enumerable: true }),
      enumerable: true,
    })
  }
  adoptGlobalObject()
}

function handle(event: GuestEvent, id: number, first: Transfer, second: Transfer, third: Transfer): void {
  switch (event) {
    case GuestEvent.request: return startRequest(id, first as string, second)
    case GuestEvent.chunk: return receiveChunk(id, first as Uint8Array)
    case GuestEvent.end: return receiveEnd(id, first as Uint8Array | undefined)
    case GuestEvent.head: return receiveHead(id, first as string, second)
    case GuestEvent.timer: return fireTimer(id)
    case GuestEvent.result: return receiveResult(id, first as string, second)
    case GuestEvent.codec: return receiveStep(id, first, second)
    case GuestEvent.credit: return receiveCredit(id, first as number)
    case GuestEvent.reset: return receiveReset(id, first as string, second as string)
    case GuestEvent.forget:
      forgetExchange(id)
      forgetTimers(id)
      return
    case GuestEvent.rejection:
      setCurrentRequestId(id)
      return reportRejection(first, second as string | undefined)
    case GuestEvent.configure:
      startClock(third === true)
      if (typeof second === 'number') limitWasm(second)
      return configure(first as string)
  }
}

const entry: GuestEntry = {
  event(event, id, first, second, third) {
    beginTurn()
    // Whoever knows better to which request the event belongs sets it again.
    setCurrentRequestId(0)
    try {
      handle(event, id, first, second, third)
    } catch (thrown) {
      reportException(thrown)
    }
  },
  adopt: adoptHandlers,
  rehearse: () => rehearse(entry.event),
}

const boot: GuestBoot = (host) => {
  Reflect.deleteProperty(globalThis, '__skerryBoot')
  connectHost(host)
  hardenSharedMemory()
  hardenTemporal()
  hardenWebAssembly()
  return entry
}

setConnector(connect)
hardenArrayBuffers()
hardenDate()
hardenDateFormats()
rehearseHardening()
installGlobals()
install('__skerryBoot', { value: boot, writable: false, enumerable: false })
