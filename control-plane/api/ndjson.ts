import type { Context } from 'hono'
import type { Clock } from '../clock.ts'
import type { ApiDependencies, ApiEnvironment } from './context.ts'

/** A reader that takes nothing for so long is dropped; it may come back and resume. */
const stalledAfterMs = 30_000

export const linesType = 'application/x-ndjson'

export interface NdjsonOptions {
  readonly clock: Clock
  readonly standingAccess: ApiDependencies['standingAccess']
  /** Lines with their line feed. Ends soon after the signal aborts. */
  readonly lines: (signal: AbortSignal) => AsyncGenerator<string>
  /** Told of what breaks the stream; the reader sees only that its connection breaks. */
  readonly log: ApiDependencies['log']
  /** Called once, however the stream ends. */
  readonly onEnd?: () => void
}

/**
 * Streams lines to one reader. A line is made only when the one before it is handed to the socket, so nothing is queued here;
 * a reader that stalls loses its connection, and so does one whose token is revoked or expires.
 */
export function ndjsonResponse(context: Context<ApiEnvironment>, options: NdjsonOptions): Response {
  const abort = new AbortController()
  const iterator = options.lines(abort.signal)
  const encoder = new TextEncoder()
  let cancelStall = (): void => {}
  let isEnded = false
  const { key, check } = context.get('access')
  const unwatch = options.standingAccess.watch(key, check, () => {
    end()
    context.env.outgoing.destroy()
  })
  const end = (): void => {
    cancelStall()
    abort.abort()
    if (isEnded) return
    isEnded = true
    unwatch()
    options.onEnd?.()
  }
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        cancelStall()
        try {
          const { done, value } = await iterator.next()
          if (isEnded) return
          if (done === true) {
            end()
            controller.close()
            return
          }
          controller.enqueue(encoder.encode(value))
          // Destroying the response cancels this stream.
          cancelStall = options.clock.after(stalledAfterMs, () => context.env.outgoing.destroy())
        } catch (error) {
          end()
          options.log({ level: 'error', requestId: context.get('requestId'), path: context.req.path, stack: error instanceof Error ? error.stack : String(error) })
          context.env.outgoing.destroy()
        }
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  )
  return new Response(body, { headers: { 'content-type': linesType, 'cache-control': 'no-store', 'x-accel-buffering': 'no' } })
}
