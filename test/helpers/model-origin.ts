import type { ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { type Origin, startOrigin } from './origin.ts'

/** A request that the origin got. */
export interface ModelRequest {
  readonly path: string
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: string
}

/** A stand-in for a provider of language models that speaks OpenAI's API: chat completions, responses, embeddings, files and speech. */
export interface ModelOrigin extends Origin {
  /** What was asked, oldest first. */
  readonly requests: readonly ModelRequest[]
}

interface Message {
  readonly role: string
  readonly content: string | readonly { readonly text: string }[]
}

interface ModelBody {
  readonly model: string
  readonly stream?: boolean
  readonly messages?: readonly Message[]
  readonly input?: string | readonly (Message & { readonly type?: string; readonly output?: string })[]
  readonly response_format?: unknown
  readonly text?: { readonly format?: { readonly type: string } }
}

const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
const call = { name: 'weather', arguments: '{"city":"Ürümqi"}' }
const json = { 'content-type': 'application/json' }

const contentText = ({ content }: Message): string => (typeof content === 'string' ? content : content.map(({ text }) => text).join(''))

/**
 * What a prompt makes it answer: `gate NAME` two parts, the second when the gate opens; `weather` a call of the tool `weather`, then what the
 * tool said; `object` JSON; `busy` 503 twice; `refuse` 400; anything else an echo.
 */
export async function startModelOrigin(): Promise<ModelOrigin> {
  const requests: ModelRequest[] = []
  const triesLeft = new Map<string, number>()

  async function* partsOf(prompt: string): AsyncGenerator<string> {
    const gate = /^gate (\S+)/.exec(prompt)?.[1]
    if (gate === undefined) {
      yield* prompt === 'object' ? ['{"city":', '"Ürümqi"}'] : ['You said: ', prompt]
      return
    }
    yield 'first '
    await origin.opened(gate)
    yield gate
  }

  function refusal(prompt: string, response: ServerResponse): boolean {
    if (prompt.startsWith('busy')) {
      const left = triesLeft.get(prompt) ?? 2
      triesLeft.set(prompt, left - 1)
      if (left > 0) response.writeHead(503, { ...json, 'retry-after-ms': '1' }).end('{"error":{"message":"busy","type":"server_error"}}')
      return left > 0
    }
    if (prompt !== 'refuse') return false
    response.writeHead(400, { ...json, 'x-request-id': 'request-1' }).end('{"error":{"message":"not that","type":"invalid_request_error","code":"refused","param":"messages"}}')
    return true
  }

  async function complete({ model, messages = [], stream = false }: ModelBody, response: ServerResponse): Promise<void> {
    const prompt = messages.filter(({ role }) => role === 'user').map(contentText).at(-1) ?? ''
    if (refusal(prompt, response)) return
    const result = messages.filter(({ role }) => role === 'tool').map(contentText).at(-1)
    const head = { id: 'chat-1', created: 1_700_000_000, model }
    const callsTool = prompt === 'weather' && result === undefined
    const parts = result === undefined ? partsOf(prompt) : ['The tool says ', result]
    if (!stream) {
      const toolCalls = [{ id: 'call-1', type: 'function', function: call }]
      const content = callsTool ? null : (await Array.fromAsync(parts)).join('')
      const message = { role: 'assistant', content, ...(callsTool ? { tool_calls: toolCalls } : {}) }
      const choice = { index: 0, message, finish_reason: callsTool ? 'tool_calls' : 'stop' }
      response.writeHead(200, json).end(JSON.stringify({ ...head, object: 'chat.completion', choices: [choice], usage }))
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const send = (delta: unknown, reason: string | null = null): boolean =>
      response.write(`data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`)
    send({ role: 'assistant', content: '' })
    if (callsTool) {
      send({ tool_calls: [{ index: 0, id: 'call-1', type: 'function', function: { name: call.name, arguments: '' } }] })
      for (const piece of call.arguments.match(/.{1,5}/gu) ?? []) send({ tool_calls: [{ index: 0, function: { arguments: piece } }] })
    } else {
      for await (const content of parts) send({ content })
    }
    send({}, callsTool ? 'tool_calls' : 'stop')
    response.write(`data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [], usage })}\n\n`)
    response.end('data: [DONE]\n\n')
  }

  async function respond({ model, input = '', stream = false }: ModelBody, response: ServerResponse): Promise<void> {
    const items = typeof input === 'string' ? [{ role: 'user', content: input }] : input
    const prompt = items.filter(({ role }) => role === 'user').map(contentText).at(-1) ?? ''
    if (refusal(prompt, response)) return
    const item = { id: 'msg-1', type: 'message', role: 'assistant', status: 'completed' }
    const head = { id: 'resp-1', object: 'response', created_at: 1_700_000_000, model, error: null, incomplete_details: null }
    const part = (text: string): unknown => ({ type: 'output_text', text, annotations: [] })
    const completed = (text: string): unknown => ({
      ...head,
      status: 'completed',
      output: [{ ...item, content: [part(text)] }],
      usage: { input_tokens: 3, output_tokens: 2, total_tokens: 5 },
    })
    if (!stream) {
      response.writeHead(200, json).end(JSON.stringify(completed((await Array.fromAsync(partsOf(prompt))).join(''))))
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    let sequence = 0
    const send = (type: string, fields: Readonly<Record<string, unknown>>): void => {
      response.write(`event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence, ...fields })}\n\n`)
      sequence += 1
    }
    const place = { item_id: 'msg-1', output_index: 0, content_index: 0 }
    send('response.created', { response: { ...head, status: 'in_progress', output: [] } })
    send('response.output_item.added', { output_index: 0, item: { ...item, status: 'in_progress', content: [] } })
    send('response.content_part.added', { ...place, part: part('') })
    let whole = ''
    for await (const delta of partsOf(prompt)) {
      whole += delta
      send('response.output_text.delta', { ...place, delta })
    }
    send('response.output_text.done', { ...place, text: whole })
    send('response.content_part.done', { ...place, part: part(whole) })
    send('response.output_item.done', { output_index: 0, item: { ...item, content: [part(whole)] } })
    send('response.completed', { response: completed(whole) })
    response.end()
  }

  async function answer(path: string, body: string, response: ServerResponse): Promise<void> {
    switch (path) {
      case '/v1/chat/completions':
        return complete(JSON.parse(body) as ModelBody, response)
      case '/v1/responses':
        return respond(JSON.parse(body) as ModelBody, response)
      case '/v1/embeddings': {
        const { input, encoding_format: format } = JSON.parse(body) as { input: string | string[]; encoding_format?: string }
        const vectors = [input].flat().map((text) => Float32Array.of(text.length, 0.5, -1))
        const embedding = (vector: Float32Array): unknown => (format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector])
        const data = vectors.map((vector, index) => ({ object: 'embedding', index, embedding: embedding(vector) }))
        response.writeHead(200, json).end(JSON.stringify({ object: 'list', data, model: 'm', usage }))
        return
      }
      case '/v1/audio/speech':
        response.writeHead(200, { 'content-type': 'audio/mpeg' }).end(Uint8Array.of(0xff, 0xfb, 0, 1))
        return
      case '/v1/files':
        response.writeHead(200, json).end('{"id":"file-1","object":"file"}')
        return
      default:
        response.writeHead(404, json).end('{"error":{"message":"no such path"}}')
    }
  }

  const origin = await startOrigin((request, response) => {
    const path = request.url ?? ''
    void text(request).then(async (body) => {
      requests.push({ path, headers: request.headers, body })
      await answer(path, body, response)
    })
  })
  return { ...origin, requests }
}
