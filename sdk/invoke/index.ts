/** `skerry/invoke`: calls functions at the nearest healthy node from the client's side, without a gateway on the way. */
export { createInvoker, type Invoker, type InvokerOptions } from './create-invoker.ts'
export type { InvokerNode } from './nodes.ts'
