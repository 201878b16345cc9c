import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { workerSource } from './worker.ts'

/** The worker in Node itself, behind `node:http`: no isolate, no second process. */
const { default: worker } = (await import(`data:text/javascript,${encodeURIComponent(workerSource)}`)) as {
  default: { fetch(request: Request): Promise<Response> }
}

const server = createServer((incoming, outgoing) => {
  const { method = 'GET', url = '/' } = incoming
  const init: RequestInit = method === 'POST' ? { method, body: Readable.toWeb(incoming), duplex: 'half' } : {}
  void worker.fetch(new Request(`http://localhost${url}`, init)).then((response) => {
    outgoing.writeHead(response.status)
    if (response.body === null) outgoing.end()
    else Readable.fromWeb(response.body).pipe(outgoing)
  })
})
server.listen(0, '127.0.0.1', () => process.stdout.write(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}/\n`))
process.once('SIGTERM', () => process.exit())
