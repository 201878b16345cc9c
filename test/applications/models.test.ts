import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Applications, startApplications } from '../helpers/applications.ts'
import { readerOf } from '../helpers/body-reader.ts'
import { type ModelOrigin, startModelOrigin } from '../helpers/model-origin.ts'
import { until } from '../helpers/until.ts'

/** The SDKs for language models, unmodified, against an origin of the test. */

let applications: Applications
let origin: ModelOrigin

beforeAll(async () => {
  origin = await startModelOrigin()
  applications = await startApplications('models', origin.address)
})
afterAll(async () => {
  await applications?.close()
  await origin?.close()
})

const pathFor = (path: string, prompt: string): string => `${path}?${new URLSearchParams({ origin: origin.url, prompt }).toString()}`

describe('openai', () => {
  const ask = (path: string, prompt = '') => applications.ask('openai', pathFor(path, prompt))
  const json = (path: string, prompt = ''): Promise<unknown> => applications.askJson('openai', pathFor(path, prompt))

  test('completes a chat', async () => {
    expect(await json('/chat', 'Grüße 😀')).toEqual({ text: 'You said: Grüße 😀', usage: 5, type: 'application/json' })
    expect(origin.requests.at(-1)).toMatchObject({ headers: { 'authorization': 'Bearer key-1', 'content-type': 'application/json' } })
    expect(JSON.parse(origin.requests.at(-1)?.body ?? '')).toEqual({ model: 'model-1', messages: [{ role: 'user', content: 'Grüße 😀' }] })
  })

  test('streams a chat part by part', async () => {
    const reader = readerOf(await ask('/chat/stream', 'gate openai-1'))
    expect(await reader.until('first ')).toBe('first ')
    origin.open('openai-1')
    expect(await reader.rest()).toBe('openai-1')
  })

  test('passes a stream on as lines of JSON', async () => {
    const reader = readerOf(await ask('/chat/readable', 'gate openai-2'))
    const before = await reader.until('first ')
    origin.open('openai-2')
    const lines = (before + (await reader.rest())).trimEnd().split('\n')
    const contents = lines.map((line) => (JSON.parse(line) as { choices: { delta: { content?: string } }[] }).choices[0]?.delta.content ?? '')
    expect(contents.join('')).toBe('first openai-2')
  })

  test('emits events, runs tools, and parses', async () => {
    expect(await json('/chat/events', 'hello')).toEqual({ seen: ['You said: ', 'hello'], text: 'You said: hello' })
    expect(await json('/tools')).toBe('The tool says sun in Ürümqi')
    expect(await json('/parsed')).toEqual({ city: 'Ürümqi' })
  })

  test('responds, with a stream and without', async () => {
    expect(await json('/responses', 'hello')).toBe('You said: hello')
    expect(await json('/responses/stream', 'hello')).toEqual({ text: 'You said: hello', last: 'response.completed' })
  })

  test('takes vectors and bytes, and uploads a file', async () => {
    expect(await json('/embeddings', 'four')).toEqual([[4, 0.5, -1], [5, 0.5, -1]])
    const speech = await ask('/speech', 'say')
    expect([speech.headers.get('content-type'), ...new Uint8Array(await speech.arrayBuffer())]).toEqual(['audio/mpeg', 0xff, 0xfb, 0, 1])
    expect(await json('/files', '{"line":1}')).toBe('file-1')
    const upload = origin.requests.at(-1)
    expect(upload?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
    expect(upload?.body).toMatch(/name="file"; filename="notes\.jsonl"\r\nContent-Type: application\/jsonl\r\n\r\n\{"line":1\}\r\n/i)
  })

  test('tries again where the provider is busy, and tells what it refuses', async () => {
    expect(await json('/chat', 'busy openai')).toMatchObject({ text: 'You said: busy openai' })
    expect(await json('/errors')).toEqual({ isBadRequest: true, status: 400, code: 'refused', param: 'messages', requestID: 'request-1', message: '400 not that' })
  })

  test('breaks off by a signal and by time', async () => {
    const brokenOffBefore = origin.brokenOff()
    expect(await json('/aborted', 'gate openai-never')).toEqual(['first '])
    await until('the stream is broken off', () => origin.brokenOff() > brokenOffBefore)
    expect(await json('/timeout', 'gate openai-never')).toBe(true)
  })
})

describe('the AI SDK', () => {
  const ask = (path: string, prompt = '') => applications.ask('ai', pathFor(path, prompt))
  const json = (path: string, prompt = ''): Promise<unknown> => applications.askJson('ai', pathFor(path, prompt))

  test('generates text by either API', async () => {
    expect(await json('/text', 'Grüße 😀')).toEqual({ text: 'You said: Grüße 😀', tokens: 5, finishReason: 'stop' })
    expect(JSON.parse(origin.requests.at(-1)?.body ?? '')).toMatchObject({ messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user' }] })
    expect(await json('/responses', 'hello')).toBe('You said: hello')
  })

  test('streams text part by part, and stops where the client leaves', async () => {
    const response = await ask('/stream', 'gate ai-1')
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    const reader = readerOf(response)
    expect(await reader.until('first ')).toBe('first ')
    origin.open('ai-1')
    expect(await reader.rest()).toBe('ai-1')
    const brokenOffBefore = origin.brokenOff()
    const left = readerOf(await ask('/stream', 'gate ai-never'))
    await left.until('first ')
    await left.cancel()
    await until('the provider hears of it', () => origin.brokenOff() > brokenOffBefore)
  })

  test('streams messages to a user interface', async () => {
    const response = await ask('/messages', 'gate ai-2')
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const reader = readerOf(response)
    const before = await reader.until('first ')
    origin.open('ai-2')
    const events = (before + (await reader.rest())).split('\n\n').filter((line) => line !== '')
    expect(events.at(-1)).toBe('data: [DONE]')
    const parts = events.slice(0, -1).map((line) => JSON.parse(line.slice('data: '.length)) as { type: string; delta?: string })
    expect(parts.map(({ type }) => type)).toEqual(['start', 'start-step', 'text-start', 'text-delta', 'text-delta', 'text-end', 'finish-step', 'finish'])
    expect(parts.map(({ delta }) => delta ?? '').join('')).toBe('first ai-2')
  })

  test('transforms a stream', async () => {
    expect(await json('/smooth', 'one two three')).toEqual(['You ', 'said: ', 'one ', 'two ', 'three'])
  })

  test('runs tools, with a stream, without, and as an agent', async () => {
    expect(await json('/tools')).toEqual({ text: 'The tool says sun in Ürümqi', calls: [['weather', { city: 'Ürümqi' }]] })
    expect(await json('/tools/stream')).toEqual({ results: ['sun in Ürümqi'], text: 'The tool says sun in Ürümqi' })
    expect(await json('/agent')).toBe('The tool says sun in Ürümqi')
  })

  test('gives objects, and takes reasoning out of text', async () => {
    expect(await json('/object')).toEqual({ city: 'Ürümqi' })
    expect(await json('/object/stream')).toEqual({ city: 'Ürümqi' })
    expect(await json('/middleware')).toEqual({ text: 'You said: \nyes', reasoningText: 'hm' })
  })

  test('embeds', async () => {
    expect(await json('/embeddings', 'four')).toEqual({ embeddings: [[4, 0.5, -1], [4, 0.5, -1]], similarity: expect.closeTo(1) })
  })

  test('tries again where the provider is busy, and tells what it refuses', async () => {
    expect(await json('/text', 'busy ai')).toMatchObject({ text: 'You said: busy ai' })
    expect(await json('/errors')).toEqual({ isCallError: true, status: 400, message: 'not that' })
  })
})
