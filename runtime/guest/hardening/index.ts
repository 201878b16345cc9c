export { hardenArrayBuffers, removeSharedMemory } from './array-buffers.ts'
export { hardenWebAssembly, limitWasmMemory } from './web-assembly.ts'
