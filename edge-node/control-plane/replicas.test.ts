import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { ControlPlaneClient } from './control-plane-client.ts'

interface Replica {
  readonly url: string
  readonly calls: string[]
}

const servers: Server[] = []
const clients: ControlPlaneClient[] = []

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
  await Promise.all(servers.splice(0).map(async (server) => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }))
})

async function startReplica(answer: (response: ServerResponse, request: IncomingMessage) => void): Promise<Replica> {
  const calls: string[] = []
  const server = createServer((request, response) => {
    calls.push(`${request.method} ${request.url?.split('?')[0]}`)
    request.resume().once('end', () => answer(response, request))
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('has no port')
  return { url: `http://127.0.0.1:${address.port}`, calls }
}

function connect(...replicas: Replica[]): ControlPlaneClient {
  const client = new ControlPlaneClient({ url: replicas.map(({ url }) => url).join(','), token: 'token', node: 'fra-1', region: 'fra' })
  clients.push(client)
  return client
}

const refuse = (status: number, code: string) => (response: ServerResponse): void => {
  response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify({ type: 'x', title: 'x', status, code, detail: 'x' }))
}

test('goes to another replica where one can not, and stays there', async () => {
  const away = await startReplica(refuse(503, 'storage_unreachable'))
  const hanging = await startReplica((response) => response.destroy())
  const good = await startReplica((response) => response.end('{}'))
  const client = connect(away, hanging, good)
  for (let call = 1; call <= 3; call += 1) await client.postLogs([])
  expect(good.calls).toHaveLength(3)
  expect(away.calls.length + hanging.calls.length).toBeLessThanOrEqual(2)
})

test('asks nobody else where a replica refuses what all would', async () => {
  const replicas = [await startReplica(refuse(403, 'forbidden')), await startReplica(refuse(403, 'forbidden'))] as const
  await expect(connect(...replicas).postLogs([])).rejects.toMatchObject({ code: 'forbidden' })
  expect(replicas.flatMap(({ calls }) => calls)).toHaveLength(1)
})

test('a feed that breaks off, or ends, goes on at another replica', async () => {
  const breaking = (response: ServerResponse): void => {
    response.write('line\n', () => response.destroy())
  }
  const ending = (response: ServerResponse): void => void response.end('line\n')
  for (const answer of [breaking, ending]) {
    const replicas = [await startReplica(answer), await startReplica(answer)] as const
    const client = connect(...replicas)
    for (let feed = 1; feed <= 4; feed += 1) {
      const read: string[] = []
      try {
        for await (const chunk of await client.openFeed(undefined, new AbortController().signal)) read.push(Buffer.from(chunk).toString())
      } catch {
        // It broke off.
      }
      expect(read).toEqual(['line\n'])
    }
    expect(replicas.map(({ calls }) => calls.length)).toEqual([2, 2])
  }
})
