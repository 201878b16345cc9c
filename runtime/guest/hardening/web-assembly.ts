/* oxlint-disable typescript/unbound-method -- methods of built-ins are captured here, to be applied to their receivers later */
import { copyOfBytes, typedArrayByteLength } from '../primordials.ts'
import { collectGarbage } from './collect-garbage.ts'
import { type CappedModule, capModule } from './wasm-binary.ts'
import { bytesOfResponse } from './wasm-response.ts'
import { WasmBudget } from './wasm-budget.ts'
import { boundStacks } from './wasm-stacks.ts'
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
const toText = String
const OriginalTypeError = TypeError
const weakGet = WeakMap.prototype.get
const weakSet = WeakMap.prototype.set
const { round } = Math
const pagesPerMegabyte = 16
const pageBytes = 64 * 1024
/** An entry takes 8 bytes of the heap, one of functions 24 more beside it. */
const entriesPerMegabyte = 32 * 1024
const isolateLimit = { memoryMb: 128 }
const collect = (): void => collectGarbage(isolateLimit.memoryMb)
const megabytes = (pages: number): string => `${round(pages / 1.6) / 10} MB`
const memoryBudget = new WasmBudget({
  limit: isolateLimit.memoryMb * pagesPerMegabyte,
  collect,
  describe: (wanted, left, limit) => `WebAssembly memory limit: ${megabytes(wanted)} wanted, ${megabytes(left)} left of ${megabytes(limit)} (limits.memoryMb)`,
})
const tableBudget = new WasmBudget({
  limit: isolateLimit.memoryMb * entriesPerMegabyte,
  collect,
  describe: (wanted, left, limit) => `WebAssembly table limit: ${wanted} entries wanted, ${left} left of ${limit} (limits.memoryMb)`,
})

/** What WebAssembly may use in this isolate, in all. */
export function limitWasm(memoryMb: number): void {
  isolateLimit.memoryMb = memoryMb
  memoryBudget.limit = memoryMb * pagesPerMegabyte
  tableBudget.limit = memoryMb * entriesPerMegabyte
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
  /** What its own memories and tables can grow to, together. */
  readonly pages: number
  readonly entries: number
  /** What was left when it was compiled. */
  readonly pagesLeft: number
  readonly entriesLeft: number
}

function hardenNamespace(namespace: WasmNamespace): void {
  const compiledModules = new WeakMap<object, Compiled>()
  const keepers = new WeakMap<object, object>()
  const { Module, Instance, Memory, Table, CompileError, validate, promising } = namespace
  // Hardened before: of fixed length.
  const { SharedArrayBuffer: SharedBuffer } = globalThis as { SharedArrayBuffer?: Constructor }

  const compile = (source: unknown, options: unknown, target: Constructor): object => {
    const copy = copyOfBytes(source)
    if (copy === undefined) throw new OriginalTypeError('WebAssembly.Module(): Argument 0 must be a buffer source')
    const { bytes, pages, entries } = capFirst(copy, CompileError)
    const module = construct(Module, [bytes, options], target) as object
    if (pages + entries > 0) {
      const left = { pagesLeft: memoryBudget.left, entriesLeft: tableBudget.left }
      apply(weakSet, compiledModules, [module, { source: copy, options, pages, entries, ...left } satisfies Compiled])
    }
    return module
  }
  /** The module with memories and tables that fit what is left by now: since it was compiled, others may have been instantiated. */
  const fit = (module: unknown): { readonly fitting: unknown; readonly pages: number; readonly entries: number } => {
    const compiled = apply(weakGet, compiledModules, [module]) as Compiled | undefined
    if (compiled === undefined) return { fitting: module, pages: 0, entries: 0 }
    const hasRoom = memoryBudget.left >= compiled.pagesLeft && tableBudget.left >= compiled.entriesLeft
    const { bytes, pages, entries } = hasRoom ? { ...compiled, bytes: undefined } : cap(compiled.source)
    const isSame = pages === compiled.pages && entries === compiled.entries
    return { fitting: isSame ? module : construct(Module, [bytes, compiled.options]), pages, entries }
  }
  const instantiate = (module: unknown, imports: unknown, target: Constructor): object => {
    const { fitting, pages, entries } = fit(module)
    const keeper = {}
    // Reserved before the start function runs, which may make more instances.
    memoryBudget.reserve(pages, keeper)
    tableBudget.reserve(entries, keeper)
    const instance = construct(Instance, [fitting, imports], target) as { exports: Record<string, unknown> }
    if (pages + entries > 0) keepAlive(keepers, keeper, instance)
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
  install('Table', replace(Table, (target, descriptor, init) => createTable(Table, descriptor, init, target)))
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
  if (promising !== undefined) install('promising', boundStacks(promising))
  // These give a buffer that grows with the memory.
  deleteProperty(Memory.prototype, 'toResizableBuffer')
  deleteProperty(Memory.prototype, 'toFixedLengthBuffer')
}

/** Ties the reservation to all that leads to the instance's memory and tables. */
function keepAlive(keepers: WeakMap<object, object>, keeper: object, instance: { exports: Record<string, unknown> }): void {
  apply(weakSet, keepers, [instance, keeper])
  const exported = values(instance.exports)
  for (let index = 0; index < exported.length; index++) {
    const value = exported[index]
    if ((typeof value === 'object' && value !== null) || typeof value === 'function') apply(weakSet, keepers, [value, keeper])
  }
}

function cap(module: Uint8Array<ArrayBuffer>): CappedModule {
  return capModule(
    module,
    typedArrayByteLength(module),
    (initial, maximum) => memoryBudget.capOf(initial, maximum),
    (initial, maximum) => tableBudget.capOf(initial, maximum),
  )
}

function capFirst(module: Uint8Array<ArrayBuffer>, CompileError: new (message: string) => Error): CappedModule {
  // Too short for a module: V8 says so.
  if (typedArrayByteLength(module) < 8) return { bytes: module, pages: 0, entries: 0 }
  try {
    return cap(module)
  } catch (thrown) {
    throw new CompileError(`WebAssembly.Module(): ${(thrown as Error).message}`)
  }
}

function createMemory(Memory: WasmConstructor, SharedBuffer: Constructor | undefined, given: unknown, target: Constructor): object {
  if (typeof given !== 'object' || given === null) return construct(Memory, [given], target) as object
  const { initial, minimum, maximum, shared, address, index } = given as Record<string, unknown>
  const [first, declared] = toLimits('Memory', initial ?? minimum, maximum)
  if (shared) return createSharedMemory(Memory, SharedBuffer, first, declared, target)
  const pages = memoryBudget.capOf(first, declared)
  const memory = construct(Memory, [{ ...limitsDescriptor(first, pages, address ?? index), shared: false }], target) as object
  memoryBudget.reserve(pages, memory)
  return memory
}

function createTable(Table: WasmConstructor, given: unknown, init: unknown, target: Constructor): object {
  if (typeof given !== 'object' || given === null) return construct(Table, [given], target) as object
  const { element: kind, initial, minimum, maximum, address, index } = given as Record<string, unknown>
  // Converted before anything is counted: it may be code that makes tables.
  const element = kind === undefined ? kind : toText(kind)
  const [first, declared] = toLimits('Table', initial ?? minimum, maximum)
  const entries = tableBudget.capOf(first, declared)
  const descriptor = { ...limitsDescriptor(first, entries, address ?? index), element }
  const table = construct(Table, init === undefined ? [descriptor] : [descriptor, init], target) as object
  tableBudget.reserve(entries, table)
  return table
}

function toLimits(kind: string, initial: unknown, maximum: unknown): [initial: number, maximum: number | undefined] {
  const first = trunc(toNumber(initial))
  const declared = maximum === undefined ? undefined : trunc(toNumber(maximum))
  if (!(first >= 0) || (declared !== undefined && !(declared >= first))) {
    throw new OriginalTypeError(`WebAssembly.${kind}(): initial and maximum must be sizes, the maximum not below the initial`)
  }
  return [first, declared]
}

function limitsDescriptor(initial: number, maximum: number, address: unknown): object {
  return address === 'i64'
    ? { initial: toBigInt(initial), maximum: toBigInt(maximum), address: 'i64' }
    : { initial, maximum, address: 'i32' }
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
