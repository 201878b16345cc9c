import { createSocket, Socket } from 'node:dgram'
import { once } from 'node:events'
import { expect, test, vi } from 'vitest'
import { serveUdp } from './serve-udp.ts'

test('drops what is asked while the network takes no answers, so that they do not gather in memory', async () => {
  const server = await serveUdp('127.0.0.1', 0, { answer: (message) => message })
  const client = createSocket('udp4')
  const ask = (text: string): void => client.send(text, server.address().port, '127.0.0.1')
  const queued = vi.spyOn(Socket.prototype, 'getSendQueueSize')
  try {
    queued.mockReturnValueOnce(5 * 1024 * 1024)
    ask('dropped')
    ask('answered')
    const [answer] = (await once(client, 'message')) as [Buffer]
    expect(answer.toString()).toBe('answered')
    expect(queued).toHaveBeenCalledTimes(2)
  } finally {
    queued.mockRestore()
    client.close()
    server.close()
  }
})
