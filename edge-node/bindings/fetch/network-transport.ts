import type { Dispatcher } from 'undici'
import { SkerryError } from '../../../errors/index.ts'
import type { AnswerProgress } from './answer-progress.ts'
import { ChunkQueue } from './chunk-queue.ts'
import { createDecoder, type Decoder, type DecoderHost } from './content-decoding.ts'
import type { Transport, TransportControl, TransportEvents, TransportRequest } from './transport.ts'

export interface NetworkTransportOptions {
  /** Guards where it connects to. */
  readonly agent: Pick<Dispatcher, 'dispatch'>
  /** Of answers that come by it. */
  readonly progress: AnswerProgress
  /** For whom answers are decoded. */
  readonly host: DecoderHost
}

/** A transport over the network. */
export function createNetworkTransport(options: NetworkTransportOptions): Transport {
  return (request, events) => new NetworkExchange(options, request, events)
}

class NetworkExchange implements TransportControl, Dispatcher.DispatchHandler {
  readonly #events: TransportEvents
  readonly #request: TransportRequest
  readonly #host: DecoderHost
  readonly #progress: AnswerProgress
  readonly #body: ChunkQueue | undefined
  #controller: Dispatcher.DispatchController | undefined
  #decoder: Decoder | undefined
  #isOver = false

  constructor({ agent, progress, host }: NetworkTransportOptions, request: TransportRequest, events: TransportEvents) {
    this.#host = host
    this.#progress = progress
    this.#request = request
    this.#events = events
    const { url, method, headers, body } = request
    if (body === 'stream') this.#body = new ChunkQueue((bytes) => events.onConsumed(bytes))
    try {
      agent.dispatch(
        { origin: url.origin, path: url.pathname + url.search, method, headers: [...headers], body: body === 'stream' ? (this.#body?.toReadable() ?? null) : (body ?? null) },
        this,
      )
    } catch (cause) {
      this.#fail(cause)
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#isOver) controller.abort(new Error('no longer wanted'))
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>, statusText?: string): void {
    if (this.#isOver || status < 200) return
    this.#progress.made()
    const flat = rawPairs(controller.rawHeaders) ?? objectPairs(headers)
    const hasBody = this.#request.method !== 'HEAD' && status !== 204 && status !== 304
    const decoder = hasBody ? createDecoder(flat, this.#host, this.#decoderEvents) : undefined
    this.#decoder = decoder
    this.#events.onHead(status, statusText ?? '', decoder === undefined ? flat : withoutEncoding(flat))
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#progress.made()
    if (this.#isOver) return
    const goesOn = this.#decoder === undefined ? this.#events.onChunk(chunk) : this.#decoder.write(chunk)
    if (!goesOn) controller.pause()
  }

  onResponseEnd(): void {
    if (this.#isOver) return
    if (this.#decoder === undefined) this.#end()
    else this.#decoder.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error)
  }

  write(chunk: Uint8Array): void {
    this.#body?.push(chunk)
  }

  end(): void {
    this.#body?.end()
  }

  resume(): void {
    if (this.#decoder === undefined) this.#controller?.resume()
    else this.#decoder.resume()
  }

  abort(): void {
    if (this.#isOver) return
    this.#close()
    this.#controller?.abort(new Error('no longer wanted'))
  }

  readonly #decoderEvents = {
    onChunk: (chunk: Uint8Array): boolean => this.#isOver || this.#events.onChunk(chunk),
    onDrain: (): void => this.#controller?.resume(),
    onEnd: (): void => this.#end(),
    onError: (cause: Error): void => {
      this.#fail(cause)
      this.#controller?.abort(cause)
    },
  }

  #end(): void {
    if (this.#isOver) return
    this.#close()
    this.#events.onEnd()
  }

  #fail(cause: unknown): void {
    if (this.#isOver) return
    this.#close()
    this.#events.onError(toSubrequestError(cause, this.#request.url))
  }

  #close(): void {
    this.#isOver = true
    this.#body?.destroy()
    this.#decoder?.destroy()
  }
}

/** Errors of sockets, names and certificates as the function sees them: what happened, without paths or stacks. */
export function toSubrequestError(cause: unknown, url: URL): SkerryError {
  for (let inner: unknown = cause, depth = 0; inner instanceof Error && depth < 5; inner = inner.cause, depth += 1) {
    if (inner instanceof SkerryError) return inner
    if (inner instanceof AggregateError) {
      const known = inner.errors.find((each: unknown) => each instanceof SkerryError)
      if (known instanceof SkerryError) return known
    }
  }
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'failed'
  return new SkerryError('subrequest_failed', `Fetching ${url.origin} failed: ${code}.`, { cause })
}

function withoutEncoding(headers: readonly string[]): string[] {
  const kept: string[] = []
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? ''
    if (name !== 'content-encoding' && name !== 'content-length') kept.push(name, headers[index + 1] ?? '')
  }
  return kept
}

function rawPairs(raw: Dispatcher.DispatchController['rawHeaders']): string[] | undefined {
  if (!Array.isArray(raw)) return undefined
  return raw.map((field, index) => {
    const text = typeof field === 'string' ? field : field.toString('latin1')
    return index % 2 === 0 ? text.toLowerCase() : text
  })
}

function objectPairs(headers: Record<string, string | string[] | undefined>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (value === undefined) return []
    return Array.isArray(value) ? value.flatMap((each) => [name, each]) : [name, value]
  })
}
