import { helloFunction } from './hello.ts'

/** One request and the only right answer to it: status 200 with exactly this body. */
export interface CheckedRequest {
  readonly url: string
  /** Sent as `Host`; the URL's own when left out. */
  readonly host?: string
  /** Sent by POST; a GET when left out. */
  readonly body?: RequestBody
  readonly expectedBody: string
}

export interface RequestBody {
  readonly type: string
  readonly text: string
}

/** One function, with the request that it is loaded with. Every peer runs the same text. */
export interface Workload {
  readonly source: string
  /** Where the request goes; the root when left out. */
  readonly path?: string
  readonly body?: RequestBody
  readonly expectedBody: string
}

/** As many functions as are wanted, which differ in their number alone, so that none can be answered by another's compiled code. */
export interface FunctionSet {
  readonly count: number
  /** Source with `numberMark` once, in the place of the number. */
  readonly template: string
  readonly expectedBody: (this: void, index: number) => string
}

export const numberMark = '@number@'

export function sourceOf(functions: FunctionSet, index: number): string {
  const [before, after, ...more] = functions.template.split(numberMark)
  if (before === undefined || after === undefined || more.length > 0) throw new RangeError(`A template holds ${numberMark} once.`)
  return `${before}${index}${after}`
}

export const warmHello: Workload = helloFunction('a warm function')

/** Tiny functions, whose start is what the runtime itself costs. */
export function tinyFunctions(count: number): FunctionSet {
  return { count, template: helloFunction(`function ${numberMark}`).source, expectedBody: (index) => helloFunction(`function ${index}`).expectedBody }
}

/** Functions that tell how often their isolate was called, so that one that was unloaded meanwhile shows. */
export function countingFunctions(count: number): FunctionSet {
  return {
    count,
    template: `let calls = 0
export default {
  async fetch(request) {
    calls += 1
    return new Response(\`function ${numberMark}, call \${calls}\`)
  },
}
`,
    expectedBody: (index) => countedAnswer(index, 1),
  }
}

export function countedAnswer(index: number, calls: number): string {
  return `function ${index}, call ${calls}`
}

/** Answers `call 1` in a new isolate alone. */
export const freshWorkload: Workload = { source: sourceOf(countingFunctions(1), 0), expectedBody: countedAnswer(0, 1) }

export const oneMegabyte = 1_000_000

/** A body that comes back: passed on as it arrives, or read whole before. */
export function echoWorkload(kind: 'streamed' | 'whole'): Workload {
  const text = 'The quick brown fox jumps over the lazy dog. '.repeat(Math.ceil(oneMegabyte / 45)).slice(0, oneMegabyte)
  const answer = kind === 'streamed' ? 'request.body' : 'await request.arrayBuffer()'
  return {
    source: `export default {
  async fetch(request) {
    return new Response(${answer}, { headers: { 'content-type': 'application/octet-stream' } })
  },
}
`,
    body: { type: 'application/octet-stream', text },
    expectedBody: text,
  }
}
