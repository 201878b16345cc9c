import { Blob, buildFileList, buildFileReader, createObjectURL, File, ProgressEvent, revokeObjectURL } from './blob/index.ts'
import { CompressionStream, DecompressionStream } from './compression/index.ts'
import { buildCacheInterface, buildCaches, buildCacheStorageInterface } from './caches/index.ts'
import { createConsole } from './console/index.ts'
import { Crypto, crypto, CryptoKey, SubtleCrypto } from './crypto/index.ts'
import { DOMException } from './dom-exception.ts'
import { atob, btoa, TextDecoder, TextDecoderStream, TextEncoder, TextEncoderStream } from './encoding/index.ts'
import {
  AbortController,
  AbortSignal,
  CloseEvent,
  CustomEvent,
  ErrorEvent,
  Event,
  EventTarget,
  MessageEvent,
  PromiseRejectionEvent,
} from './events/index.ts'
import { buildEventSource } from './eventsource/index.ts'
import { fetch } from './exchange/index.ts'
import { Headers, Request, Response } from './fetch/index.ts'
import { FormData } from './form-data/index.ts'
import { reportError, ServiceWorkerGlobalScope } from './global-scope/index.ts'
import { buildMessageChannel, buildMessagePortInterface } from './message-port/index.ts'
import { createNavigator, Navigator } from './navigator/index.ts'
import { createPerformance, Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure } from './performance/index.ts'
import { QuotaExceededError } from './quota-exceeded-error.ts'
import * as streams from './streams/index.ts'
import { structuredClone } from './structured-clone/index.ts'
import { clearInterval, clearTimeout, queueMicrotask, setInterval, setTimeout } from './timers/index.ts'
import { URL, URLSearchParams } from './url/index.ts'
import { buildURLPattern } from './url-pattern/index.ts'
import { WebSocket, WebSocketPair } from './websocket/index.ts'

/** What the global object of a function has besides ECMAScript, in the kinds that WebIDL tells apart. bootstrap installs it. */

/** Classes of the guest's own, to be shaped as interfaces. */
export const ownInterfaces = {
  AbortController, AbortSignal, Blob, CloseEvent, CompressionStream, Crypto, CryptoKey, CustomEvent, DecompressionStream, DOMException, ErrorEvent, Event, EventTarget, File, FormData,
  Headers, MessageEvent, Navigator, Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure, ProgressEvent, PromiseRejectionEvent, QuotaExceededError, Request, Response, ServiceWorkerGlobalScope, SubtleCrypto,
  TextDecoder, TextDecoderStream, TextEncoder, TextEncoderStream, URL, URLSearchParams, WebSocket,
  WebSocketPair,
} as const

/** Interfaces that are built when they are first asked for. */
export const lazyInterfaces = {
  Cache: buildCacheInterface, CacheStorage: buildCacheStorageInterface,
  EventSource: buildEventSource, FileList: buildFileList, FileReader: buildFileReader, MessageChannel: buildMessageChannel,
  MessagePort: buildMessagePortInterface, URLPattern: buildURLPattern,
} as const

/** Static operations that another specification adds to an interface: https://w3c.github.io/FileAPI/#creating-revoking */
export const urlOperations = { createObjectURL, revokeObjectURL } as const

/** Classes that come in the right shape. */
export const foreignInterfaces = { ...streams } as const

export const operations = {
  atob, btoa, clearInterval, clearTimeout, fetch, queueMicrotask, reportError, setInterval, setTimeout, structuredClone,
} as const

/** Attributes, with what gives the value that they show; assigning replaces them. */
export const attributes = {
  caches: buildCaches, crypto: () => crypto, navigator: constant(createNavigator()), performance: constant(createPerformance()), self: () => globalThis,
} as const

function constant<T>(value: T): () => T {
  return () => value
}

export { eventHandlers } from './global-scope/index.ts'

export const namespaces = { console: createConsole() } as const
