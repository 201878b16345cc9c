export { ownsSteps, receiveStep } from './codec.ts'
export { CompressionStream, DecompressionStream } from './compression-streams.ts'
