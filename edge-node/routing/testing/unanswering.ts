import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Unanswering {
  readonly port: number
  stop(): void
}

/** The kernel takes so many more than the backlog of 1 says, and drops what comes then. */
const taken = 4

/**
 * A port where attempts to connect get no answer, as behind a firewall that drops packets: a process that listens with hardly any backlog, stopped,
 * and its backlog full. For tests.
 */
export async function startUnanswering(): Promise<Unanswering> {
  const script = `const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    process.stdout.write(String(server.address().port), () => process.kill(process.pid, 'SIGSTOP'))
  })`
  const child: ChildProcess = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [text] = (await once(child.stdout ?? child, 'data')) as [Buffer]
  const port = Number(text.toString())
  const sockets: Socket[] = []
  for (let index = 0; index < taken; index += 1) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    sockets.push(socket)
  }
  await Promise.race(sockets.map((socket) => once(socket, 'connect')))
  return {
    port,
    stop: () => {
      for (const socket of sockets) socket.destroy()
      child.kill('SIGKILL')
    },
  }
}
