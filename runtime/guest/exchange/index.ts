export {
  adoptHandlers,
  configure,
  forgetExchange,
  receiveChunk,
  receiveCredit,
  receiveEnd,
  receiveHead,
  receiveReset,
  startRequest,
} from './events.ts'
export { connect } from './connect.ts'
export { ExecutionContext } from './execution-context.ts'
export { fetch } from './fetch.ts'
export { isRequestOver } from './isolate-exchanges.ts'
