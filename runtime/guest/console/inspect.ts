import { isArrayBuffer, typedArrayName } from '../primordials.ts'

/**
 * Prints any value for a person. Bounded in depth, in entries and in characters; it never throws, whatever getters and
 * proxies do (they are not called where a descriptor tells enough), since it runs on values that are hostile as often as not.
 */
export interface InspectLimits {
  readonly depth: number
  readonly entries: number
  readonly characters: number
}

export const defaultInspectLimits: InspectLimits = { depth: 4, entries: 100, characters: 16 * 1024 }

export function inspect(value: unknown, limits: InspectLimits = defaultInspectLimits): string {
  const state: State = { limits, seen: [], left: limits.characters }
  const text = print(value, 0, state)
  return text.length > limits.characters ? `${text.slice(0, limits.characters)}…` : text
}

interface State {
  readonly limits: InspectLimits
  readonly seen: object[]
  /** Characters that may still be printed: what is nested stops growing when they are used up. */
  left: number
}

function print(value: unknown, depth: number, state: State): string {
  if (state.left <= 0) return '…'
  let text: string
  try {
    text = typeof value === 'object' && value !== null ? printObject(value, depth, state) : printPrimitive(value, depth, state)
  } catch {
    text = '[value that can not be shown]'
  }
  state.left -= Math.min(text.length, 256)
  return text
}

function printPrimitive(value: unknown, depth: number, state: State): string {
  if (typeof value === 'string') return depth === 0 ? value : quote(value, state)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'symbol') return value.toString()
  if (typeof value === 'function') {
    const source = Function.prototype.toString.call(value).slice(0, 6)
    const name: unknown = dataProperty(value, 'name')
    return `[${source.startsWith('class') ? 'class' : 'Function'} ${typeof name === 'string' && name !== '' ? name : '(anonymous)'}]`
  }
  return Object.is(value, -0) ? '-0' : String(value)
}

function quote(text: string, state: State): string {
  const cut = text.length > state.left ? `${text.slice(0, state.left)}…` : text
  return `'${cut.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`
}

function printObject(value: object, depth: number, state: State): string {
  if (state.seen.includes(value)) return '[Circular]'
  if (value instanceof Error) return printError(value, depth, state)
  if (value instanceof Date) return Number.isNaN(Date.prototype.getTime.call(value)) ? 'Invalid Date' : Date.prototype.toISOString.call(value)
  if (value instanceof RegExp) return RegExp.prototype.toString.call(value)
  const name = className(value)
  if (depth >= state.limits.depth) return Array.isArray(value) ? '[Array]' : `[${name ?? 'Object'}]`
  state.seen.push(value)
  try {
    return printBody(value, name, depth, state)
  } finally {
    state.seen.pop()
  }
}

function printBody(value: object, name: string | undefined, depth: number, state: State): string {
  if (Array.isArray(value)) {
    const text = enclose('[', list(value, value.length, depth, state), ']')
    return name === 'Array' || name === undefined ? text : `${name}(${value.length}) ${text}`
  }
  const typedArray = typedArrayName(value)
  if (typedArray !== undefined) {
    const { length } = value as Uint8Array
    return `${typedArray}(${length}) ${enclose('[', list(value as Uint8Array, length, depth, state), ']')}`
  }
  if (isArrayBuffer(value)) return `ArrayBuffer { byteLength: ${value.byteLength} }`
  if (value instanceof Map) {
    const parts = take(Map.prototype.entries.call(value), value.size, state, ([key, entry]) =>
      `${print(key, depth + 1, state)} => ${print(entry, depth + 1, state)}`,
    )
    return `Map(${value.size}) ${enclose('{', parts, '}')}`
  }
  if (value instanceof Set) {
    const parts = take(Set.prototype.values.call(value), value.size, state, (entry) => print(entry, depth + 1, state))
    return `Set(${value.size}) ${enclose('{', parts, '}')}`
  }
  if (value instanceof Promise) return 'Promise {}'
  const boxed = boxedValue(value)
  if (boxed !== undefined) return `[${name ?? 'Object'}: ${print(boxed, depth + 1, state)}]`
  const text = enclose('{', [...properties(value, depth, state), ...interfaceParts(value, depth, state)], '}')
  return name === 'Object' ? text : `${name ?? '[Object: null prototype]'} ${text}`
}

function printError(error: Error, depth: number, state: State): string {
  const stack: unknown = error.stack
  let text = typeof stack === 'string' && stack !== '' ? stack : `${error.name}: ${error.message}`
  const { message } = error
  // A stack is text of its own and may tell less than the error does by now.
  if (typeof message === 'string' && message !== '' && !text.includes(message)) text = `${error.name}: ${message}\n${text}`
  if (depth >= state.limits.depth) return text
  state.seen.push(error)
  const parts = properties(error, depth, state)
  const cause = dataProperty(error, 'cause')
  if (cause !== undefined) parts.push(`[cause]: ${print(cause, depth + 1, state)}`)
  const errors = dataProperty(error, 'errors')
  if (Array.isArray(errors)) parts.push(`[errors]: ${print(errors, depth + 1, state)}`)
  state.seen.pop()
  return parts.length === 0 ? text : `${text} ${enclose('{', parts, '}')}`
}

function properties(value: object, depth: number, state: State): string[] {
  const keys = Reflect.ownKeys(value)
  const parts = keys.slice(0, state.limits.entries).flatMap((key) => {
    const descriptor = Reflect.getOwnPropertyDescriptor(value, key)
    if (descriptor?.enumerable !== true) return []
    const label = typeof key === 'symbol' ? `[${key.toString()}]` : /^[A-Za-z_$][\w$]*$/.test(key) ? key : quote(key, state)
    const { get, set } = descriptor
    const accessor = get === undefined ? '[Setter]' : set === undefined ? '[Getter]' : '[Getter/Setter]'
    return [`${label}: ${'value' in descriptor ? print(descriptor.value, depth + 1, state) : accessor}`]
  })
  if (keys.length > state.limits.entries) parts.push(more(keys.length - state.limits.entries))
  return parts
}

/** The attributes of the guest's own classes (Request, URL, Headers): getters on a prototype with a tag, which have no side effects. */
function interfaceParts(value: object, depth: number, state: State): string[] {
  const show = inspectable.get(className(value) ?? '')
  if (show === undefined) return []
  return show.flatMap((key) => {
    const attribute = (value as Record<string, unknown>)[key]
    return typeof attribute === 'function' ? [] : [`${key}: ${print(attribute, depth + 1, state)}`]
  })
}

const inspectable = new Map<string, readonly string[]>([
  ['Request', ['method', 'url', 'headers', 'bodyUsed']],
  ['Response', ['status', 'statusText', 'url', 'headers', 'bodyUsed']],
  ['URL', ['href']],
  ['Blob', ['size', 'type']],
  ['File', ['name', 'size', 'type']],
  ['AbortSignal', ['aborted', 'reason']],
  ['Event', ['type']],
])

function list(value: ArrayLike<unknown>, length: number, depth: number, state: State): string[] {
  const parts: string[] = []
  for (let index = 0; index < Math.min(length, state.limits.entries) && state.left > 0; index++) {
    const descriptor = Reflect.getOwnPropertyDescriptor(value, index)
    if (descriptor === undefined) parts.push('<empty>')
    else parts.push('value' in descriptor ? print(descriptor.value, depth + 1, state) : '[Getter]')
  }
  if (length > parts.length) parts.push(more(length - parts.length))
  return parts
}

function take<T>(entries: Iterable<T>, size: number, state: State, show: (entry: T) => string): string[] {
  const parts: string[] = []
  for (const entry of entries) {
    if (parts.length >= state.limits.entries || state.left <= 0) {
      parts.push(more(size - parts.length))
      break
    }
    parts.push(show(entry))
  }
  return parts
}

function more(count: number): string {
  return `... ${count} more`
}

function enclose(open: string, parts: readonly string[], close: string): string {
  if (parts.length === 0) return open + close
  const line = parts.join(', ')
  if (line.length <= 100 && !line.includes('\n')) return open === '[' ? `[ ${line} ]` : `${open} ${line} ${close}`
  return `${open}\n  ${parts.join(',\n').replaceAll('\n', '\n  ')}\n${close}`
}

/** Undefined for a null prototype, or where the constructor is hidden behind a getter. */
function className(value: object): string | undefined {
  for (let owner = Reflect.getPrototypeOf(value); owner !== null; owner = Reflect.getPrototypeOf(owner)) {
    const constructor: unknown = dataProperty(owner, 'constructor')
    const name: unknown = typeof constructor === 'function' ? dataProperty(constructor, 'name') : undefined
    if (typeof name === 'string' && name !== '') return name
  }
  return undefined
}

function dataProperty(value: object, key: string): unknown {
  const descriptor = Reflect.getOwnPropertyDescriptor(value, key)
  return descriptor !== undefined && 'value' in descriptor ? (descriptor.value as unknown) : undefined
}

function boxedValue(value: object): unknown {
  if (value instanceof String || value instanceof Number || value instanceof Boolean) return value.valueOf()
  return undefined
}
