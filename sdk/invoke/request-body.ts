type Body = Exclude<RequestInit['body'], undefined>

/** A Request's body that came whole, up to so many bytes, can be sent again. */
const heldBytesMax = 256 * 1024

/** Whether a body can be sent once only. */
export function isStream(body: unknown): boolean {
  return typeof body === 'object' && body !== null && (body instanceof ReadableStream || Symbol.asyncIterator in body)
}

/**
 * The body of a call. Forms are encoded once, so that every attempt sends the same boundary. What a Request carries is a stream always, even if
 * it was made of a string: as far as it is there at once, it is taken out, and can be sent again.
 */
export async function takeBody(given: RequestInit['body'], request: Request | undefined, headers: Headers): Promise<Body> {
  if (given === undefined) return request === undefined ? null : takeRequestBody(request)
  if (!(given instanceof FormData)) return given
  const encoded = new Response(given)
  const contentType = encoded.headers.get('content-type')
  if (contentType !== null && !headers.has('content-type')) headers.set('content-type', contentType)
  return encoded.arrayBuffer()
}

async function takeRequestBody(request: Request): Promise<Body> {
  // Where a browser shows no stream, there is none to wait for.
  if (!('body' in request)) return (request as Request).arrayBuffer()
  const stream = request.body
  if (stream === null) return null
  // As `fetch(request)` does: the Request is used up, and says so.
  const reader = stream.getReader()
  const chunks: Uint8Array[] = []
  let bytes = 0
  for (;;) {
    const reading = reader.read()
    const read = await Promise.race([reading, nextTurn()])
    if (read?.done === true) return concatenate(chunks, bytes)
    if (read !== undefined) {
      chunks.push(read.value)
      bytes += read.value.byteLength
    }
    if (read === undefined || bytes > heldBytesMax) return resume(chunks, read === undefined ? reading : reader.read(), reader)
  }
}

/** Resolves to nothing after what is there already had its turn. */
function nextTurn(): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0, undefined)
  })
}

function concatenate(chunks: readonly Uint8Array[], bytes: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(bytes)
  let position = 0
  for (const chunk of chunks) {
    whole.set(chunk, position)
    position += chunk.byteLength
  }
  return whole
}

type Reading = ReadableStreamDefaultReader<Uint8Array>

/** The stream as it was, from its beginning. */
function resume(chunks: Uint8Array[], next: ReturnType<Reading['read']>, reader: Reading): ReadableStream<Uint8Array> {
  let pending: typeof next | undefined = next
  return new ReadableStream({
    async pull(controller) {
      const chunk = chunks.shift()
      if (chunk !== undefined) return controller.enqueue(chunk)
      const { done, value } = await (pending ?? reader.read())
      pending = undefined
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 })
}

/** The same body for one attempt, of which nothing is read before it is sent: an attempt that is given up before leaves it to the next. */
export function untouched(body: Body): Body {
  if (!(body instanceof ReadableStream)) {
    if (!isStream(body)) return body
    const iterable = body as unknown as AsyncIterable<Uint8Array>
    return (async function* read() {
      yield* iterable
    })()
  }
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      reader ??= (body as ReadableStream<Uint8Array>).getReader()
      const { done, value } = await reader.read()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: (reason) => reader?.cancel(reason),
  }, { highWaterMark: 0 })
}
