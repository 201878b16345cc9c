import type {
  CellQueue, FunctionRequest, LoadReport, RequestControl, ResponseHandler, RunnableVersion, Runtime, RuntimeOptions, RuntimeStatus, SubrequestDispatcher,
} from '../../runtime/supervisor/index.ts'

/** What a test wrote down of one request that reached the runtime. */
export interface FakeExchange {
  readonly version: RunnableVersion
  readonly request: FunctionRequest
  readonly handler: ResponseHandler
  readonly chunks: Uint8Array[]
  ended: boolean
  aborted: boolean
  resumes: number
}

/** What a fake function does; answers by calling `exchange.handler`. */
export type FakeFunction = (exchange: FakeExchange) => void

export interface FakeRuntimeControls {
  /** By function name. Absent: answers 200 with the version's id. */
  readonly functions: Map<string, FakeFunction>
  readonly exchanges: FakeExchange[]
  readonly retired: string[]
  readonly loaded: string[]
  /** Called with each chunk of a streamed body. False holds the writer back. */
  onWrite: (exchange: FakeExchange, chunk: Uint8Array) => boolean
  onBodyEnd: (exchange: FakeExchange) => void
  onAbort: (exchange: FakeExchange) => void
  onResume: (exchange: FakeExchange) => void
  testLoad: (version: RunnableVersion) => Promise<LoadReport>
  /** What every version waits in. */
  queue: CellQueue | undefined
  dispatchSubrequest: SubrequestDispatcher | undefined
  emitLog: RuntimeOptions['onLog']
}

/** A runtime without cells, for tests of what stands around it. */
export function createFakeRuntime(): { readonly controls: FakeRuntimeControls; readonly create: (options: RuntimeOptions) => Runtime } {
  const controls: FakeRuntimeControls = {
    functions: new Map(), exchanges: [], retired: [], loaded: [],
    onWrite: () => true, onBodyEnd: () => undefined, onAbort: () => undefined, onResume: () => undefined,
    testLoad: async (version) => {
      await version.readScript()
      return { startMs: 1, cpuMs: 1 }
    },
    queue: undefined, dispatchSubrequest: undefined, emitLog: () => undefined,
  }
  const status: RuntimeStatus = { sandbox: 'permission', seccomp: false, cells: 1, isolates: 0, blankIsolates: 1, requestsInFlight: 0, cellCrashes: 0, quarantined: [], provisioned: [], hungryFunctions: 0, eagerMs: 0 }
  const runtime: Runtime = {
    testLoad: async (version) => {
      const report = await controls.testLoad(version)
      controls.loaded.push(version.version)
      return report
    },
    dispatch: (version, request, handler) => {
      const exchange: FakeExchange = { version, request, handler, chunks: [], ended: false, aborted: false, resumes: 0 }
      controls.exchanges.push(exchange)
      const run = controls.functions.get(version.functionName) ?? ((of) => answer(of, 200, version.version))
      queueMicrotask(() => run(exchange))
      return controlOf(exchange, controls)
    },
    retire: (key) => {
      controls.retired.push(key)
    },
    provision: () => undefined,
    provisioned: () => Promise.resolve(),
    queueOf: () => controls.queue,
    status: () => status,
    ready: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
  return {
    controls,
    create: (options) => {
      controls.dispatchSubrequest = options.dispatchSubrequest
      controls.emitLog = options.onLog
      return runtime
    },
  }
}

function controlOf(exchange: FakeExchange, controls: FakeRuntimeControls): RequestControl {
  return {
    write: (chunk) => {
      exchange.chunks.push(Uint8Array.from(chunk))
      return controls.onWrite(exchange, chunk)
    },
    end: () => {
      exchange.ended = true
      controls.onBodyEnd(exchange)
    },
    resume: () => {
      exchange.resumes += 1
      controls.onResume(exchange)
    },
    abort: () => {
      exchange.aborted = true
      controls.onAbort(exchange)
    },
  }
}

/** Answers whole. */
export function answer(exchange: FakeExchange, status: number, body: string | Uint8Array | undefined, headers: readonly string[] = []): void {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  exchange.handler.onHead({ status, statusText: '', headers, startKind: 'warm', startMs: 0, cpuMs: 0.0712 }, bytes, false)
}

/** Starts an answer whose chunks follow. */
export function answerHead(exchange: FakeExchange, status: number, headers: readonly string[] = []): void {
  exchange.handler.onHead({ status, statusText: '', headers, startKind: 'cold', startMs: 1.5, cpuMs: 0.1 }, undefined, true)
}

/** Has the function of an exchange fetch a URL, and answer with the status and what came. */
export function answerByFetching(controls: FakeRuntimeControls, exchange: FakeExchange, url: string, method = 'GET'): void {
  let [status, text] = [0, '']
  controls.dispatchSubrequest?.({
    version: exchange.version, parent: exchange.request, work: exchange.request, method, url, headers: [], redirect: 'follow', webSocket: false, body: undefined,
  }, {
    head: (head) => void (status = head.status),
    write: (chunk) => {
      text += Buffer.from(chunk).toString()
      return true
    },
    end: () => answer(exchange, 200, `${status} ${text}`),
    error: (error) => answer(exchange, 200, `error ${error.code}`),
    consumed: () => undefined,
  })
}
