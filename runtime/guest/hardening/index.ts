export { hardenArrayBuffers, removeSharedMemory } from './array-buffers.ts'
export { hardenWebAssembly, limitWasmMemory, rehearseHardening } from './web-assembly.ts'
