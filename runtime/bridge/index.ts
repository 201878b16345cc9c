export { BodyKind, FrameType, frameHeaderBytes, initialCreditBytes, longBodyBytesMin, maximumChunkBytes, maximumFrameBytes, messageCreditBytes } from './frames.ts'
export {
  type GuestBoot,
  type GuestEntry,
  GuestEvent,
  type HostFunction,
  HostOperation,
  ResetCode,
  sharedMemoryBytes,
  type Transfer,
} from './guest-interface.ts'
export {
  decodeRequestHead,
  decodeResponseHead,
  encodeRequestHead,
  encodeResponseHead,
  type RequestHead,
  type ResponseHead,
} from './head.ts'
export {
  decodeClosePayload,
  encodeClosePayload,
  encodeMessage,
  isCloseCode,
  type MessageEvents,
  MessageKind,
  MessageParser,
} from './message-frames.ts'
export { backstopMs, fixedLimits, type Limits } from './limits.ts'
export {
  type CellLog,
  type CellSettings,
  type IsolateLoss,
  type IsolateMeasure,
  type LoadOutcome,
  type LoadSettings,
  measuresMax,
  type ResetReason,
  scriptName,
  synchronousMark,
} from './records.ts'
export { SerialMap } from './serial-map.ts'
