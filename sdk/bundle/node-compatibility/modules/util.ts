import { parseArgs as parseArguments } from '@pkgjs/parseargs'
import { isDeepStrictEqual } from 'assert/build/internal/util/comparisons.js'
import { format, formatWithOptions, inspect, stripVTControlCharacters } from 'node-inspect-extracted'
import { callbackify, promisify } from './promisify.ts'
import * as types from './util-types.ts'

/** `node:util`: `inspect` and `format` are Node's own, by node-inspect-extracted. */
export { callbackify, format, formatWithOptions, inspect, isDeepStrictEqual, promisify, stripVTControlCharacters, types }
export const { TextDecoder, TextEncoder } = globalThis
export const { isArray } = Array

type Constructor = (abstract new (...parameters: never[]) => unknown) & { super_?: unknown }
type AnyFunction = (...parameters: unknown[]) => unknown

/** There is no command line: arguments are given, or there are none. */
export const parseArgs: typeof parseArguments = (config) => parseArguments({ ...config, args: config?.args ?? [] } as typeof config)

export function inherits(constructor: Constructor, parent: Constructor): void {
  Object.defineProperty(constructor, 'super_', { value: parent, writable: true, configurable: true })
  Object.setPrototypeOf(constructor.prototype as object, parent.prototype as object)
}

/** Says once that the function is going away. */
export function deprecate<T extends AnyFunction>(target: T, message: string, code?: string): T {
  let warned = false
  return new Proxy(target, {
    apply(callee, receiver, parameters: unknown[]) {
      if (!warned) console.warn(`DeprecationWarning: ${code === undefined ? '' : `[${code}] `}${message}`)
      warned = true
      return Reflect.apply(callee, receiver, parameters)
    },
  })
}

/** There is no NODE_DEBUG to turn it on. */
export function debuglog(): AnyFunction & { enabled: boolean } {
  return Object.assign(() => undefined, { enabled: false })
}
export const debug = debuglog

export const toUSVString = (value: unknown): string => String(value).toWellFormed()

export function styleText(style: string | readonly string[], text: string): string {
  const colors = inspect.colors as unknown as Readonly<Record<string, readonly [number, number]>>
  let styled = text
  for (const name of [style].flat().toReversed()) {
    const codes = colors[name]
    if (codes === undefined) throw new TypeError(`The argument 'format' must be one of the names of util.inspect.colors. Received '${name}'`)
    styled = `\u001b[${codes[0]}m${styled}\u001b[${codes[1]}m`
  }
  return styled
}

/** The lines `NAME=value` of a .env file. */
export function parseEnv(content: string): Record<string, string> {
  const lines = content.matchAll(/^\s*(?:export\s+)?([\w.-]+)\s*=[^\S\n]*(?:"([^"]*)"|'([^']*)'|`([^`]*)`|([^#\n]*))/gm)
  return Object.fromEntries(
    Array.from(lines, ([, name = '', double, single, back, bare = '']) => [name, double?.replaceAll('\\n', '\n') ?? single ?? back ?? bare.trim()]),
  )
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve()
    }, { once: true })
  })
}
