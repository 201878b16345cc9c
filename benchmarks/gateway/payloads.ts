import type { CheckedRequest } from '../workload.ts'

/** What is asked for, and what the only right answer is. */
export interface Payload {
  readonly name: PayloadName
  readonly title: string
  readonly path: string
  readonly method: 'GET' | 'POST'
  readonly requestBytes: number
  readonly answerBytes: number
}

export const payloadNames = ['small', '10k', '1m', 'post-1k', 'post'] as const
export type PayloadName = (typeof payloadNames)[number]

export const payloads: Readonly<Record<PayloadName, Payload>> = {
  small: { name: 'small', title: 'GET, 16 bytes', path: '/small', method: 'GET', requestBytes: 0, answerBytes: 16 },
  '10k': { name: '10k', title: 'GET, 10 KB', path: '/10k', method: 'GET', requestBytes: 0, answerBytes: 10_240 },
  '1m': { name: '1m', title: 'GET, 1 MB', path: '/1m', method: 'GET', requestBytes: 0, answerBytes: 1_048_576 },
  'post-1k': { name: 'post-1k', title: 'POST, 1 KB', path: '/post', method: 'POST', requestBytes: 1_024, answerBytes: 16 },
  post: { name: 'post', title: 'POST, 64 KB', path: '/post', method: 'POST', requestBytes: 65_536, answerBytes: 16 },
}

/** The same letter over and over: what a body holds makes no difference to who passes it on. */
export function bodyOf(bytes: number): string {
  return 'x'.repeat(bytes)
}

/** A request with this payload to whoever listens at an origin. */
export function requestFor({ path, method, requestBytes, answerBytes }: Payload, origin: string, host: string): CheckedRequest {
  return {
    url: new URL(path, origin).href, host, expectedBody: bodyOf(answerBytes),
    ...(method === 'POST' ? { body: { type: 'application/octet-stream', text: bodyOf(requestBytes) } } : {}),
  }
}

/** The function that real nodes run: it reads what is sent, and answers as much as the path says. */
export const functionSource = `var answers = { ${Object.values(payloads).map(({ path, answerBytes }) => `${JSON.stringify(path)}: 'x'.repeat(${answerBytes})`).join(', ')} };
var sized = {
  async fetch(request) {
    if (request.method === 'POST') await request.arrayBuffer();
    return new Response(answers[new URL(request.url).pathname], { headers: { 'content-type': 'text/plain' } })
  },
};
export { sized as default };
//# evaluation=synchronous
`
