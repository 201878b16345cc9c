import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** A request as the scripted server saw it. */
export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly authorization: string | undefined
  readonly body: Buffer
}

/** What it answers: JSON, lines of JSON, or bytes of its own. `holdOpen` keeps the answer from ending. */
export interface ScriptedAnswer {
  readonly status?: number
  readonly json?: unknown
  readonly lines?: readonly unknown[]
  readonly text?: string
  readonly holdOpen?: boolean
}

export interface ScriptedControlPlane {
  readonly url: string
  readonly requests: readonly SeenRequest[]
  close(): Promise<void>
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

/** An HTTP server for tests of what talks to a control plane. @param answers by `METHOD /path`, with the query or for all; others answer 404 as a problem */
export async function startScriptedControlPlane(
  answers: Readonly<Record<string, ScriptedAnswer | ((request: SeenRequest) => ScriptedAnswer)>>,
): Promise<ScriptedControlPlane> {
  const requests: SeenRequest[] = []
  const server = createServer((request, response) => {
    void answerOne(request, response)
  })
  async function answerOne(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request)
    const seen = { method: request.method ?? '', path: request.url ?? '', authorization: request.headers.authorization, body }
    requests.push(seen)
    const scripted = answers[`${seen.method} ${seen.path}`] ?? answers[`${seen.method} ${seen.path.split('?')[0]}`]
    const answer = typeof scripted === 'function' ? scripted(seen) : (scripted ?? problem(404, 'not_found', `No ${seen.path}`))
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' })
    if (answer.json !== undefined) response.write(JSON.stringify(answer.json))
    for (const line of answer.lines ?? []) response.write(`${JSON.stringify(line)}\n`)
    if (answer.text !== undefined) response.write(answer.text)
    if (answer.holdOpen !== true) response.end()
  }
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** A refusal as the API words it. */
export function problem(status: number, code: string, detail: string): ScriptedAnswer {
  return { status, json: { type: `urn:skerry:error:${code}`, title: code, status, code, detail, requestId: '01JTEST' } }
}
