import type { Promising } from './wasm-stacks.ts'

/** The part of https://webassembly.github.io/spec/js-api/ that is hardened; ECMAScript's own library types do not describe it. */
export interface WasmNamespace {
  Module: WasmConstructor
  Instance: WasmConstructor
  Memory: WasmConstructor
  Table: WasmConstructor
  CompileError: new (message: string) => Error
  validate: (bytes: unknown, options?: unknown) => boolean
  promising?: Promising
  compile: unknown
  instantiate: unknown
  compileStreaming: unknown
  instantiateStreaming: unknown
}

export type Constructor = abstract new (...parameters: never[]) => object
export type WasmConstructor = Constructor & { readonly prototype: object }

export function wasmNamespace(): WasmNamespace | undefined {
  const { WebAssembly } = globalThis as { WebAssembly?: WasmNamespace }
  return WebAssembly
}

/** Has the shape of the namespace and no effect. */
export function standIn(): WasmNamespace {
  return {
    Module: class Module extends Object {},
    Instance: class Instance extends Object {},
    Memory: class Memory extends Object {},
    Table: class Table extends Object {},
    CompileError: Error,
    validate: () => false,
    promising: () => () => undefined,
    compile: undefined,
    instantiate: undefined,
    compileStreaming: undefined,
    instantiateStreaming: undefined,
  }
}
