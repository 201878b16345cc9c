import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encode } from 'dns-packet'
import type { ScriptedCluster } from '../../edge-node/routing/testing/scripted-cluster.ts'

export const serverNames = ['skerry', 'bare node:dgram', 'nsd'] as const
export type ServerName = (typeof serverNames)[number]

/** A name server under load. */
export interface RunningServer {
  readonly port: number
  /** Of all its processes, so far. */
  cpuSeconds(): Promise<number>
  close(): Promise<void>
}

export const domain = 'edge.example'
const readyTries = 200
const ticksPerSecond = 100

export async function startServer(name: ServerName, directory: string, cluster: ScriptedCluster): Promise<RunningServer> {
  const port = await freePort()
  const child = name === 'nsd' ? await startNsd(directory, port) : name === 'skerry' ? startSkerry(cluster, port) : startBare(port)
  const exited = once(child, 'exit')
  await untilAnswers(name, port)
  return {
    port,
    cpuSeconds: () => cpuSecondsOf(child.pid ?? 0),
    close: async () => {
      child.kill()
      await exited
    },
  }
}

function startSkerry(cluster: ScriptedCluster, port: number): ChildProcess {
  const command = join(import.meta.dirname, '../../bin/skerry.js')
  const options = ['--host', '127.0.0.1', '--port', String(port), '--domain', domain, '--control-plane', cluster.controlPlaneUrl, '--answers-per-second', '1000000', '--latitude', '52.5', '--longitude', '13.4']
  return spawn(process.execPath, [command, 'dns', ...options], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, SKERRY_NODE_TOKEN: cluster.token } })
}

function startBare(port: number): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, 'bare-server.ts'), String(port)], { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** With one process that answers, and the names that the load asks for as a static zone; it has no idea of places. */
async function startNsd(directory: string, port: number): Promise<ChildProcess> {
  const zone = join(directory, 'zone')
  await writeFile(zone, [
    `$ORIGIN ${domain}.`, '@ 20 SOA ns1 hostmaster 1 3600 600 86400 20', '@ 20 NS ns1', 'ns1 20 A 192.0.2.1', '* 20 A 192.0.2.11', '',
  ].join('\n'))
  const configuration = join(directory, 'nsd.conf')
  await writeFile(configuration, [
    'server:', '  server-count: 1', `  ip-address: 127.0.0.1@${port}`, '  username: ""', `  zonesdir: "${directory}"`, '  database: ""', `  pidfile: "${directory}/nsd.pid"`,
    `  xfrdfile: "${directory}/xfrd.state"`, `  zonelistfile: "${directory}/zone.list"`, `  xfrdir: "${directory}"`, '  rrl-ratelimit: 0', 'remote-control:', '  control-enable: no',
    'zone:', `  name: ${domain}`, '  zonefile: zone', '',
  ].join('\n'))
  return spawn('nsd', ['-d', '-c', configuration], { stdio: ['ignore', 'ignore', 'inherit'] })
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  await once(socket, 'close')
  return port
}

async function untilAnswers(name: ServerName, port: number): Promise<void> {
  const socket = createSocket('udp4')
  socket.on('error', () => undefined)
  try {
    for (let tries = 0; tries < readyTries; tries += 1) {
      socket.send(encode({ type: 'query', id: 1, questions: [{ name: `hello.${domain}`, type: 'A' }] }), port, '127.0.0.1')
      const answered = await once(socket, 'message', { signal: AbortSignal.timeout(100) }).then(() => true, () => false)
      if (answered) return
    }
    throw new Error(`${name} does not answer at port ${port}`)
  } finally {
    socket.close()
  }
}

/** User and system time of a process and its children, from the kernel. */
async function cpuSecondsOf(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? []
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').filter((child) => child !== '')
  const own = (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  return (await Promise.all(children.map((child) => cpuSecondsOf(Number(child))))).reduce((sum, seconds) => sum + seconds, own)
}
