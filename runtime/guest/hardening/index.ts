export { hardenArrayBuffers, hardenSharedMemory } from './array-buffers.ts'
export { hardenWebAssembly, limitWasmMemory, rehearseHardening } from './web-assembly.ts'
