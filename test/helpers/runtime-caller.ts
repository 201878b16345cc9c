import { Buffer } from 'node:buffer'
import type { SkerryError } from '../../errors/index.ts'
import type { FunctionResponseHead, RequestControl, RunnableVersion, Runtime } from '../../runtime/supervisor/index.ts'

export interface Answer {
  readonly head: FunctionResponseHead | undefined
  readonly body: Buffer
  readonly error: SkerryError | undefined
}

export interface CallOptions {
  readonly method?: string
  readonly url?: string
  readonly headers?: readonly string[]
  readonly body?: Uint8Array
  readonly metadata?: Readonly<Record<string, unknown>>
}

const limits = { memoryMb: 128, cpuMs: 50, wallMs: 5_000, idleMs: 5_000, subrequests: 50, requestBodyMb: 100 }

/** A version made from source text; the name is its identity. */
export function versionOf(name: string, source: string, overrides: Partial<RunnableVersion> = {}): RunnableVersion {
  return {
    key: `test/${name}`,
    account: 'test',
    functionName: name,
    version: '01J00000000000000000000000',
    artifactHash: name,
    readScript: () => Buffer.from(source),
    environment: {},
    isolation: 'function',
    maxConcurrency: 200,
    ...overrides,
    limits: { ...limits, ...overrides.limits },
  }
}

/** Sends one request and collects the answer. */
export function call(runtime: Runtime, version: RunnableVersion, options: CallOptions = {}): Promise<Answer> {
  return new Promise((resolve) => {
    let head: FunctionResponseHead | undefined
    const chunks: Buffer[] = []
    const finish = (error: SkerryError | undefined): void => {
      resolve({ head, body: Buffer.concat(chunks), error })
    }
    runtime.dispatch(version, requestOf(options), {
      onHead(received, body) {
        head = received
        if (body !== undefined) chunks.push(Buffer.from(body))
      },
      onChunk(chunk) {
        chunks.push(Buffer.from(chunk))
        return true
      },
      onEnd() {
        finish(undefined)
      },
      onError: finish,
      onDrain() {},
    })
  })
}

/** The body of an answer, or what it failed with. */
export function textOf({ body, error }: Answer): string {
  return error === undefined ? body.toString() : `${error.code}: ${error.message}`
}

function requestOf(options: CallOptions): Parameters<Runtime['dispatch']>[1] {
  return {
    method: options.method ?? 'GET',
    url: options.url ?? 'http://function.test/',
    headers: options.headers ?? [],
    metadata: options.metadata ?? {},
    body: options.body,
  }
}

export interface StreamedCall {
  readonly control: RequestControl
  readonly head: Promise<FunctionResponseHead>
  readonly end: Promise<SkerryError | undefined>
  /** Resolves when the runtime takes more of the request's body. */
  drained(): Promise<void>
}

/** Sends one request whose body the caller writes; each chunk of the answer goes to `onChunk`. */
export function streamCall(
  runtime: Runtime,
  version: RunnableVersion,
  options: CallOptions,
  onChunk: (chunk: Uint8Array) => boolean,
): StreamedCall {
  const head = Promise.withResolvers<FunctionResponseHead>()
  const end = Promise.withResolvers<SkerryError | undefined>()
  let drain = Promise.withResolvers<void>()
  const control = runtime.dispatch(
    version,
    { ...requestOf(options), body: 'stream' },
    {
      onHead(received, body) {
        head.resolve(received)
        if (body !== undefined) onChunk(body)
      },
      onChunk,
      onEnd() {
        end.resolve(undefined)
      },
      onError(error) {
        end.resolve(error)
      },
      onDrain() {
        drain.resolve()
        drain = Promise.withResolvers<void>()
      },
    },
  )
  return { control, head: head.promise, end: end.promise, drained: () => drain.promise }
}
