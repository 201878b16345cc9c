import { currentFrame, type Frame, runInFrame } from './context.ts'

/** What a lowered body yields for `await` (0: the value), and for `yield*` of an asynchronous iterator (1 is set). */
interface Awaited {
  readonly 0: unknown
  readonly 1?: unknown
}

type Method = 'next' | 'throw' | 'return'
interface Request {
  readonly method: Method
  readonly value: unknown
  readonly frame: Frame
  readonly resolve: (result: IteratorResult<unknown>) => void
  readonly reject: (error: unknown) => void
}

// oxlint-disable-next-line no-empty-function -- only its prototypes are of interest
const asyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}.prototype as object)) as object

/**
 * Runs a lowered async generator: https://tc39.es/ecma262/#sec-asyncgenerator-objects. In place of esbuild's own helper, which takes no
 * requests while one is under way, and leaves a `finally` at its first `await` when the generator is returned from.
 *
 * @param Await the class of esbuild's whose instances stand for `await`
 */
export function runAsyncGenerator(
  receiver: unknown,
  parameters: unknown[] | null,
  body: (...parameters: unknown[]) => Generator,
  Await: new () => Awaited,
): object {
  const generator = Reflect.apply(body, receiver, parameters ?? [])
  const requests: Request[] = []

  const settle = (action: (request: Request) => void): void => {
    const request = requests.shift()
    if (request !== undefined) action(request)
    startNext()
  }
  const startNext = (): void => {
    const [request] = requests
    if (request !== undefined) runInFrame(request.frame, step, undefined, [request.method, request.value])
  }
  const step = (method: Method, sent: unknown): void => {
    let result: IteratorResult<unknown>
    try {
      result = generator[method](sent)
    } catch (error) {
      settle(({ reject }) => {
        reject(error)
      })
      return
    }
    const { done = false, value } = result
    const isAwait = value instanceof Await
    Promise.resolve(isAwait ? value[0] : value).then(
      (settled) => {
        if (!isAwait) {
          settle(({ resolve }) => {
            resolve({ value: settled, done })
          })
        } else if (value[1] === undefined) step('next', settled)
        // `yield*` hands the method on, and what the inner iterator made of it.
        else step(method === 'return' ? method : 'next', settled)
      },
      (error: unknown) => {
        step('throw', error)
      },
    )
  }
  const request = (method: Method) => (value: unknown) =>
    new Promise<IteratorResult<unknown>>((resolve, reject) => {
      requests.push({ method, value, frame: currentFrame(), resolve, reject })
      if (requests.length === 1) startNext()
    })
  return Object.assign(Object.create(asyncIteratorPrototype) as object, { next: request('next'), throw: request('throw'), return: request('return') })
}
