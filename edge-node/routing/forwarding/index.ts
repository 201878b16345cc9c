export { createForwarder, type NodeForwarder, type NodeForwarderOptions } from './create-forwarder.ts'
