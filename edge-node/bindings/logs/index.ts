export { createLogGate } from './log-gate.ts'
export { LogShipper, type LogShipperOptions, type PostLogs, toTailEvent } from './log-shipper.ts'
