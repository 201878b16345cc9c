import { setCurrentRequestId } from '../host.ts'
import { forgetTimers } from '../timers/index.ts'
import { describeHandlers, type Handlers } from './handlers.ts'
import { exchanges } from './isolate-exchanges.ts'
import { RequestExchange } from './request-exchange.ts'

/** What the isolate serves: set once when its version is loaded, before the first request. */
const service: { handlers: Handlers; environment: unknown } = { handlers: {}, environment: {} }

const removeSettled = (exchange: RequestExchange): void => {
  exchanges.remove(exchange)
  // The host stops them too; but a time-out that lost its race must not hold on to what the request made.
  forgetTimers(exchange.id)
}

/** The event `configure`. */
export function configure(environmentJson: string): void {
  service.environment = JSON.parse(environmentJson)
  // `process.env` of a bundle that refers to it is filled from here, before there is a request.
  Object.defineProperty(globalThis, Symbol.for('skerry.environment'), { value: service.environment, configurable: true })
}

/** Takes the module's default export. Answers with what is wrong with it, '' where it is an object of handlers. */
export function adoptHandlers(defaultExport: unknown): string {
  const problem = describeHandlers(defaultExport)
  if (problem === '') service.handlers = defaultExport as Handlers
  return problem
}

/** The event `request`. `body`: the whole body, true where chunks follow, false where a WebSocket may, undefined for none. */
export function startRequest(id: number, head: string, body: unknown): void {
  setCurrentRequestId(id)
  const exchange = new RequestExchange(id, head, body, removeSettled)
  exchanges.add(exchange)
  exchange.run(service.handlers, service.environment, typeof body === 'string' || body instanceof Uint8Array ? body : undefined)
}

/** The event `head`: the answer to a subrequest. */
export function receiveHead(id: number, head: string, body: unknown): void {
  const exchange = exchanges.get(id)
  if (exchange?.receiveHead === undefined) return
  setCurrentRequestId(exchange.ownerId)
  exchange.receiveHead(head, body)
}

/** The event `chunk`. */
export function receiveChunk(id: number, bytes: Uint8Array): void {
  const exchange = exchanges.get(id)
  if (exchange === undefined) return
  setCurrentRequestId(exchange.ownerId)
  exchange.receiveChunk(bytes)
}

/** The event `end`. */
export function receiveEnd(id: number, last?: Uint8Array): void {
  const exchange = exchanges.get(id)
  if (exchange === undefined) return
  setCurrentRequestId(exchange.ownerId)
  if (last !== undefined) exchange.receiveChunk(last)
  exchange.receiveEnd()
}

/** The event `reset`. */
export function receiveReset(id: number, code: string, message: string): void {
  const exchange = exchanges.get(id)
  if (exchange === undefined) return
  setCurrentRequestId(exchange.ownerId)
  exchange.receiveReset(code, message)
}

/** The event `credit`. */
export function receiveCredit(id: number, bytes: number): void {
  const exchange = exchanges.get(id)
  if (exchange === undefined) return
  setCurrentRequestId(exchange.ownerId)
  exchange.receiveCredit(bytes)
}

/** The event `forget`: the exchange is over for the host. */
export function forgetExchange(id: number): void {
  const exchange = exchanges.get(id)
  if (exchange === undefined) return
  setCurrentRequestId(exchange.ownerId)
  exchanges.remove(exchange)
  exchange.forget()
}
