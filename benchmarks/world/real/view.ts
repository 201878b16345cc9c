import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type NodeInfo, nodeListSchema } from '../../../control-plane/protocol/index.ts'

/** What the list says of a node, as it is to be for one observer. */
export type Rewrite = (node: NodeInfo) => Promise<Pick<NodeInfo, 'url' | 'internalUrl' | 'adminUrl'>>

/**
 * The control plane as one observer sees it: the same list of nodes, but the addresses lead over the paths from where the observer is. So that
 * every process has its own distance to every node, and runs as it stands.
 */
export class View {
  readonly #server: Server

  constructor(controlPlaneUrl: string, rewrite: Rewrite) {
    this.#server = createServer((incoming, answer) => {
      const isList = incoming.method === 'GET' && incoming.url === '/v1/nodes'
      const onward = request(new URL(incoming.url ?? '/', controlPlaneUrl), { method: incoming.method ?? 'GET', headers: incoming.headers }, (response) => {
        const status = response.statusCode ?? 502
        if (!isList || status !== 200) {
          answer.writeHead(status, response.headers)
          response.pipe(answer)
          return
        }
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          void rewriteList(Buffer.concat(chunks).toString(), rewrite).then((text) => {
            answer.writeHead(200, { 'content-type': 'application/json' })
            answer.end(text)
          }, () => answer.destroy())
        })
      })
      onward.on('error', () => answer.destroy())
      incoming.pipe(onward)
    })
  }

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

async function rewriteList(text: string, rewrite: Rewrite): Promise<string> {
  const list = nodeListSchema.parse(JSON.parse(text))
  const nodes = await Promise.all(list.nodes.map(async (node) => ({ ...node, ...(await rewrite(node)) })))
  return JSON.stringify({ ...list, nodes })
}
