export { BodyKind, FrameType, frameHeaderBytes, initialCreditBytes, maximumChunkBytes, maximumFrameBytes } from './frames.ts'
export {
  type GuestBoot,
  type GuestEntry,
  GuestEvent,
  type HostFunction,
  HostOperation,
  ResetCode,
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
export { fixedLimits, type Limits } from './limits.ts'
