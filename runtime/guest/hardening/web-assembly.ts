/* oxlint-disable typescript/unbound-method -- methods of built-ins are captured here, to be applied to their receivers later */
import { copyOfBytes, typedArrayByteLength } from '../primordials.ts'
import { type CappedModule, capMemories } from './wasm-binary.ts'
import { bytesOfResponse } from './wasm-response.ts'
import { WasmBudget } from './wasm-budget.ts'
import { type Constructor, standIn, type WasmConstructor, type WasmNamespace, wasmNamespace } from './wasm-types.ts'

/**
 * Puts capped constructors in the place of V8's. The asynchronous functions, which never settle in a bare isolate, stand on
 * the synchronous ones. Runs in the isolate before user code; what runs later uses nothing that user code could have patched.
 */
const { apply, construct, defineProperty, deleteProperty, getOwnPropertyDescriptor, ownKeys } = Reflect
const { freeze, values } = Object
const { trunc } = Math
const toNumber = Number
const toBigInt = BigInt
const OriginalTypeError = TypeError
const weakGet = WeakMap.prototype.get
const weakSet = WeakMap.prototype.set
const pagesPerMegabyte = 16
const pageBytes = 64 * 1024
const budget = new WasmBudget(128 * pagesPerMegabyte)

/** What WebAssembly memory may use in this isolate, in all. */
export function limitWasmMemory(memoryMb: number): void {
  budget.pages = memoryMb * pagesPerMegabyte
}

/**
 * Runs once on a stand-in while the snapshot is built, where there is no WebAssembly: the snapshot then holds the code compiled, which
 * makes up most of what `hardenWebAssembly` costs in the running isolate.
 */
export function rehearseHardening(): void {
  if (wasmNamespace() === undefined) hardenNamespace(standIn())
}

/** Runs in the isolate before user code. */
export function hardenWebAssembly(): void {
  const namespace = wasmNamespace()
  if (namespace !== undefined) hardenNamespace(namespace)
}

/** What a module was compiled from, so that it can be again. */
interface Compiled {
  readonly source: Uint8Array<ArrayBuffer>
  readonly options: unknown
  /** What its own memories can grow to, together. */
  readonly pages: number
  /** Pages that were left when it was compiled. */
  readonly left: number
}

function hardenNamespace(namespace: WasmNamespace): void {
  const compiledModules = new WeakMap<object, Compiled>()
  const keepers = new WeakMap<object, object>()
  const { Module, Instance, Memory, CompileError, validate } = namespace
  // Hardened before: of fixed length.
  const { SharedArrayBuffer: SharedBuffer } = globalThis as { SharedArrayBuffer?: Constructor }

  const compile = (source: unknown, options: unknown, target: Constructor): object => {
    const copy = copyOfBytes(source)
    if (copy === undefined) throw new OriginalTypeError('WebAssembly.Module(): Argument 0 must be a buffer source')
    const left = budget.left()
    const { bytes, pages } = capFirst(copy, CompileError)
    const module = construct(Module, [bytes, options], target) as object
    if (pages > 0) apply(weakSet, compiledModules, [module, { source: copy, options, pages, left } satisfies Compiled])
    return module
  }
  /** The module with memories that fit what is left by now: since it was compiled, others may have been instantiated. */
  const fit = (module: unknown): { readonly fitting: unknown; readonly pages: number } => {
    const compiled = apply(weakGet, compiledModules, [module]) as Compiled | undefined
    if (compiled === undefined || budget.left() >= compiled.left) return { fitting: module, pages: compiled?.pages ?? 0 }
    const { bytes, pages } = cap(compiled.source)
    return { fitting: pages === compiled.pages ? module : construct(Module, [bytes, compiled.options]), pages }
  }
  const instantiate = (module: unknown, imports: unknown, target: Constructor): object => {
    const { fitting, pages } = fit(module)
    const keeper = {}
    // Reserved before the start function runs, which may make more instances.
    budget.reserve(pages, keeper)
    const instance = construct(Instance, [fitting, imports], target) as { exports: Record<string, unknown> }
    if (pages > 0) keepAlive(keepers, keeper, instance)
    return instance
  }
  const HardenedModule = replace(Module, (target, source, options) => compile(source, options, target))
  const HardenedInstance = replace(Instance, (target, module, imports) => instantiate(module, imports, target))
  const install = (name: keyof WasmNamespace, value: object): void => {
    defineProperty(value, 'name', { value: name, writable: false, enumerable: false, configurable: true })
    defineProperty(namespace, name, { value, writable: true, enumerable: false, configurable: true })
  }
  install('Module', HardenedModule)
  install('Instance', HardenedInstance)
  install('Memory', replace(Memory, (target, descriptor) => createMemory(Memory, SharedBuffer, descriptor, target)))
  install('validate', (source: unknown, options?: unknown) => validate(source, options))
  install('compile', async (source: unknown, options?: unknown) => compile(source, options, HardenedModule))
  const compileAndInstantiate = (source: unknown, imports: unknown, options: unknown): object => {
    const module = compile(source, options, HardenedModule)
    return { module, instance: instantiate(module, imports, HardenedInstance) }
  }
  install('instantiate', async (source: unknown, imports?: unknown, options?: unknown) =>
    copyOfBytes(source) === undefined ? instantiate(source, imports, HardenedInstance) : compileAndInstantiate(source, imports, options))
  install('compileStreaming', async (source: unknown, options?: unknown) => compile(await bytesOfResponse(source), options, HardenedModule))
  install('instantiateStreaming', async (source: unknown, imports?: unknown, options?: unknown) =>
    compileAndInstantiate(await bytesOfResponse(source), imports, options))
  // These give a buffer that grows with the memory.
  deleteProperty(Memory.prototype, 'toResizableBuffer')
  deleteProperty(Memory.prototype, 'toFixedLengthBuffer')
}

/** Ties the reservation to all that leads to the instance's memory. */
function keepAlive(keepers: WeakMap<object, object>, keeper: object, instance: { exports: Record<string, unknown> }): void {
  apply(weakSet, keepers, [instance, keeper])
  const exported = values(instance.exports)
  for (let index = 0; index < exported.length; index++) {
    const value = exported[index]
    if ((typeof value === 'object' && value !== null) || typeof value === 'function') apply(weakSet, keepers, [value, keeper])
  }
}

function cap(module: Uint8Array<ArrayBuffer>): CappedModule {
  return capMemories(module, typedArrayByteLength(module), (initial, maximum) => budget.capOf(initial, maximum))
}

function capFirst(module: Uint8Array<ArrayBuffer>, CompileError: new (message: string) => Error): CappedModule {
  // Too short for a module: V8 says so.
  if (typedArrayByteLength(module) < 8) return { bytes: module, pages: 0 }
  try {
    return cap(module)
  } catch (thrown) {
    throw new CompileError(`WebAssembly.Module(): ${(thrown as Error).message}`)
  }
}

function createMemory(Memory: WasmConstructor, SharedBuffer: Constructor | undefined, given: unknown, target: Constructor): object {
  if (typeof given !== 'object' || given === null) return construct(Memory, [given], target) as object
  const { initial, minimum, maximum, shared, address, index } = given as Record<string, unknown>
  const first = trunc(toNumber(initial ?? minimum))
  const declared = maximum === undefined ? undefined : trunc(toNumber(maximum))
  if (!(first >= 0) || (declared !== undefined && !(declared >= first))) {
    throw new OriginalTypeError('WebAssembly.Memory(): initial and maximum must be sizes in pages, the maximum not below the initial')
  }
  if (shared) return createSharedMemory(Memory, SharedBuffer, first, declared, target)
  const pages = budget.capOf(first, declared)
  const is64Bit = address === 'i64' || index === 'i64'
  const descriptor = is64Bit
    ? { initial: toBigInt(first), maximum: toBigInt(pages), address: 'i64', shared: false }
    : { initial: first, maximum: pages, address: 'i32', shared: false }
  const memory = construct(Memory, [descriptor], target) as object
  budget.reserve(pages, memory)
  return memory
}

/**
 * A shared memory for JavaScript alone, since modules that ask for one are refused. What V8 makes would not be charged to the isolate; so the
 * memory has no bytes of its own and does not grow, and its buffer is a shared one of fixed length, which is charged.
 */
function createSharedMemory(
  Memory: WasmConstructor,
  SharedBuffer: Constructor | undefined,
  initial: number,
  maximum: number | undefined,
  target: Constructor,
): object {
  if (SharedBuffer === undefined || maximum === undefined) throw new OriginalTypeError('WebAssembly.Memory(): shared memory needs a maximum')
  const memory = construct(Memory, [{ initial: 0, maximum: 0, shared: true }], target) as object
  const buffer = freeze(construct(SharedBuffer, [initial * pageBytes]) as object)
  defineProperty(memory, 'buffer', { value: buffer, writable: false, enumerable: true, configurable: false })
  return memory
}

/** A constructor with the original's prototype and static members, through which the original can not be had. */
function replace(
  Original: WasmConstructor,
  make: (target: Constructor, first: unknown, second: unknown) => object,
): WasmConstructor {
  const { name, prototype } = Original
  const replacement = function (this: unknown, first: unknown, second: unknown): object {
    if (new.target === undefined) throw new OriginalTypeError(`WebAssembly.${name} must be invoked with 'new'`)
    return make(new.target as unknown as Constructor, first, second)
  }
  for (const key of ownKeys(Original)) {
    const descriptor = getOwnPropertyDescriptor(Original, key)
    if (descriptor !== undefined && key !== 'prototype') defineProperty(replacement, key, descriptor)
  }
  defineProperty(replacement, 'prototype', { value: prototype, writable: false, enumerable: false, configurable: false })
  defineProperty(prototype, 'constructor', { value: replacement, writable: true, enumerable: false, configurable: true })
  return replacement as unknown as WasmConstructor
}
