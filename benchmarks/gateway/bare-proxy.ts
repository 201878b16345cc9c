import { Agent, createServer, request as openRequest } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The least that passes HTTP on in Node, `ORIGIN`: no retries, no health checks, no limits. Whatever is built on `node:http` costs more. */
const { hostname, port } = new URL(process.argv[2] ?? '')
const agent = new Agent({ keepAlive: true })
const server = createServer((incoming, outgoing) => {
  const { method, url, rawHeaders } = incoming
  const onward = openRequest({ hostname, port, agent, method, path: url, headers: rawHeaders }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
    answer.pipe(outgoing)
  })
  onward.on('error', () => outgoing.destroy())
  incoming.pipe(onward)
})
server.listen(0, '127.0.0.1', () => process.stdout.write(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}/\n`))
