import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Peer } from './peer.ts'

/** Bare `node:http` with a fixed answer and no isolation: the line that nothing built on it can pass. Not a peer, a reference. */
export const nodeHttp: Peer = {
  name: 'node-http',
  title: 'node:http, bare',
  methods: {},
  detect() {
    return Promise.resolve({ present: true, version: process.version.slice(1) })
  },
  async serve(context, { expectedBody }) {
    const script = join(context.directory, 'server.mjs')
    await writeFile(script, `import { createServer } from 'node:http'
const body = ${JSON.stringify(expectedBody)}
const headers = { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(body) }
const server = createServer((request, response) => {
  response.writeHead(200, headers)
  response.end(body)
})
server.listen(0, '127.0.0.1', () => console.log('Listening on http://127.0.0.1:' + server.address().port + '/'))
`)
    const match = await context.processes.start(
      { file: process.execPath, arguments: [script] },
      { readyDescriptor: 1, readyPattern: /Listening on (http:\S+)/, timeoutMs: 30_000 },
    )
    return { request: { url: match[1] ?? '', expectedBody } }
  },
}
