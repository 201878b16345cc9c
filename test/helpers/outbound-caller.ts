import type { FetchBinding, FetchBindingOptions } from '../../edge-node/bindings/fetch/index.ts'
import { createFetchBinding } from '../../edge-node/bindings/fetch/index.ts'
import { OpenSockets } from '../../edge-node/bindings/websocket/index.ts'
import { RouteTable } from '../../edge-node/ingress/index.ts'
import type { SkerryError } from '../../errors/index.ts'
import type { FunctionRequest, RunnableVersion, Subrequest, SubrequestHandler, SubrequestResponseHead } from '../../runtime/supervisor/index.ts'
import { createFakeRuntime, type FakeRuntimeControls } from './fake-runtime.ts'

/** What functions call by, without cells: a test asks in the place of a function. */
export interface OutboundCaller {
  readonly binding: FetchBinding
  readonly fake: FakeRuntimeControls
  readonly call: (url: string, options?: CallOptions) => Promise<Outcome>
}

export interface Outcome {
  readonly head?: SubrequestResponseHead
  readonly body: string
  readonly error?: SkerryError
}

export type CallOptions = Partial<Omit<Subrequest, 'version'>> & {
  readonly version?: RunnableVersion
  readonly onHandler?: (handler: SubrequestHandler) => void
  readonly onHead?: (head: SubrequestResponseHead) => void
  readonly onChunk?: (chunk: Uint8Array) => void
  readonly onConsumed?: (bytes: number) => void
}

const noFunctions = new RouteTable({ functions: [], domain: 'localhost', region: 'fra', readArtifact: () => new Uint8Array() })

export function createOutboundCaller(options: Partial<FetchBindingOptions>): OutboundCaller {
  const { controls, create } = createFakeRuntime()
  const binding = createFetchBinding({
    runtime: () => runtime, table: () => noFunctions, publicPort: () => 8787, newRequestId: () => 'ID', node: 'fra-1', region: 'fra',
    allowOutbound: [], sockets: new OpenSockets(), ...options,
  })
  const runtime = create({ dispatchSubrequest: binding.dispatch, onLog: () => undefined })
  return { binding, fake: controls, call: (url, call) => callThrough(binding, url, call) }
}

export const callingVersion = (changes: Partial<RunnableVersion> & { readonly subrequests?: number } = {}): RunnableVersion => {
  const { subrequests = 50, ...rest } = changes
  return {
    key: 'k', account: 'default', functionName: 'caller', version: 'V', artifactHash: '', readScript: () => new Uint8Array(), environment: {},
    limits: { memoryMb: 128, cpuMs: 50, wallMs: 1_000, idleMs: 1_000, subrequests, requestBodyMb: 1 }, isolation: 'function', maxConcurrency: 10, ...rest,
  }
}

export const callingRequest = (metadata: Record<string, unknown> = {}): FunctionRequest =>
  ({ method: 'GET', url: 'http://caller.localhost/', headers: ['traceparent', 'TP'], metadata, body: undefined })

function callThrough(binding: FetchBinding, url: string, options: CallOptions = {}): Promise<Outcome> {
  return new Promise((settle) => {
    const chunks: Uint8Array[] = []
    let head: SubrequestResponseHead | undefined
    const finish = (error?: SkerryError): void => settle({
      ...(head === undefined ? {} : { head }), ...(error === undefined ? {} : { error }), body: Buffer.concat(chunks).toString(),
    })
    const { onHandler, onHead, onChunk, onConsumed, ...rest } = options
    const handler = binding.dispatch(
      {
        version: callingVersion(), parent: callingRequest(), work: options.parent ?? {}, method: 'GET', url, headers: [], redirect: 'follow',
        webSocket: false, body: undefined, ...rest,
      },
      {
        head: (received) => {
          head = received
          onHead?.(received)
        },
        write: (chunk) => {
          chunks.push(Uint8Array.from(chunk))
          onChunk?.(chunk)
          return true
        },
        end: () => finish(),
        error: finish,
        consumed: (bytes) => onConsumed?.(bytes),
      },
    )
    onHandler?.(handler)
  })
}
