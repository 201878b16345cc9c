export { FrameBatch } from './frame-batch.ts'
export { exactCopy, type FrameListener, FrameReader, PayloadReader } from './frame-reader.ts'
export { FrameSocket, type FrameSocketOptions } from './frame-socket.ts'
export { freeBytes, ReadMemory, type Release, releaseOf } from './spent-bytes.ts'
