import type { Context } from 'hono'
import type { ApiDependencies, ApiEnvironment } from './context.ts'

/** A reader that takes nothing for so long is dropped. */
const stalledAfterMs = 30_000

export interface ByteStreamOptions extends Pick<ApiDependencies, 'clock' | 'log'> {
  readonly contentType: string
  readonly bytes: ReadableStream<Uint8Array>
  /** Called once, however the stream ends. */
  readonly onEnd: () => void
}

/** Streams bytes to one reader as he takes them. What breaks them off breaks the connection, so that nobody takes the part for the whole. */
export function byteStreamResponse(context: Context<ApiEnvironment>, { contentType, bytes, clock, log, onEnd }: ByteStreamOptions): Response {
  const reader = bytes.getReader()
  let cancelStall = (): void => {}
  let isEnded = false
  const end = (): void => {
    cancelStall()
    if (isEnded) return
    isEnded = true
    onEnd()
  }
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        cancelStall()
        try {
          const { done, value } = await reader.read()
          if (isEnded) return
          if (done) {
            end()
            controller.close()
            return
          }
          controller.enqueue(value)
          // Destroying the response cancels this stream.
          cancelStall = clock.after(stalledAfterMs, () => context.env.outgoing.destroy())
        } catch (error) {
          end()
          log({ level: 'error', requestId: context.get('requestId'), path: context.req.path, stack: error instanceof Error ? error.stack : String(error) })
          context.env.outgoing.destroy()
        }
      },
      async cancel(reason) {
        end()
        await reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, { headers: { 'content-type': contentType, 'cache-control': 'no-store' } })
}
