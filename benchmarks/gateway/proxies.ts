import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../../test/helpers/free-ports.ts'
import type { PeerContext, Presence } from '../peers/peer.ts'
import { startGateway } from '../peers/skerry-node.ts'
import type { BackEnds } from './back-ends.ts'
import type { Certificate } from './certificate.ts'
import { haproxyConfiguration } from './haproxy.ts'
import { nginxConfiguration } from './nginx.ts'

export const proxyNames = ['gateway', 'haproxy', 'nginx', 'node-http'] as const
export type ProxyName = (typeof proxyNames)[number]

/** Where clients reach a proxy, and the process whose CPU time is counted with those beneath it. */
export interface Entrance {
  readonly url: string
  readonly processId: number
}

export interface RunningProxy {
  readonly plain: Entrance
  /** Undefined where it takes no TLS. */
  readonly tls: Entrance | undefined
}

export interface ProxyOptions {
  readonly backEnds: BackEnds
  readonly certificate: Certificate
  /** Worker processes or threads; as many as the product takes by itself where undefined. */
  readonly workers: number | undefined
}

export interface Proxy {
  readonly name: ProxyName
  readonly title: string
  /** Whether it can take more than one core. */
  readonly hasWorkers: boolean
  detect(): Promise<Presence>
  start(context: PeerContext, options: ProxyOptions): Promise<RunningProxy>
}

const startMs = 20_000

export const proxies: Readonly<Record<ProxyName, Proxy>> = {
  gateway: {
    name: 'gateway', title: 'Skerry gateway', hasWorkers: false,
    detect: () => Promise.resolve({ present: true, version: process.version.slice(1) }),
    async start(context, { backEnds, certificate: { certificateFile, keyFile } }) {
      return {
        plain: await startGateway(context, backEnds),
        tls: await startGateway(context, backEnds, ['--tls-cert', certificateFile, '--tls-key', keyFile]),
      }
    },
  },
  haproxy: {
    name: 'haproxy', title: 'haproxy', hasWorkers: true,
    detect: () => detectCommand('haproxy', ['-v'], /version (\S+)/),
    async start(context, options) {
      const { directory, port, tlsPort } = await place(context, 'haproxy')
      // -V has it tell when it is ready; -db keeps it in the foreground, without a master process.
      const file = join(directory, 'haproxy.cfg')
      await writeFile(file, haproxyConfiguration({ port, tlsPort, ...options }))
      const { processId } = await context.processes.startServer(
        { file: 'haproxy', arguments: ['-V', '-db', '-f', file] },
        { readyDescriptor: 1, readyPattern: /as the polling mechanism/, timeoutMs: startMs },
      )
      return entrances(port, tlsPort, processId)
    },
  },
  nginx: {
    name: 'nginx', title: 'nginx', hasWorkers: true,
    detect: () => detectCommand('nginx', ['-v'], /nginx\/(\S+)/),
    async start(context, options) {
      const { directory, port, tlsPort } = await place(context, 'nginx')
      const file = join(directory, 'nginx.conf')
      await writeFile(file, nginxConfiguration({ port, tlsPort, directory, ...options }))
      const { processId } = await context.processes.startServer(
        { file: 'nginx', arguments: ['-p', directory, '-c', file] },
        { readyDescriptor: 2, readyPattern: /start worker process /, timeoutMs: startMs },
      )
      return entrances(port, tlsPort, processId)
    },
  },
  'node-http': {
    name: 'node-http', title: 'node:http, bare', hasWorkers: false,
    detect: () => Promise.resolve({ present: true, version: process.version.slice(1) }),
    async start(context, { backEnds }) {
      const script = join(import.meta.dirname, 'bare-proxy.ts')
      const { match, processId } = await context.processes.startServer(
        { file: process.execPath, arguments: [script, backEnds.origins[0] ?? ''] },
        { readyDescriptor: 1, readyPattern: /Listening on (http:\S+)/, timeoutMs: startMs },
      )
      return { plain: { url: match[1] ?? '', processId }, tls: undefined }
    },
  },
}

async function place(context: PeerContext, name: string): Promise<{ readonly directory: string; readonly port: number; readonly tlsPort: number }> {
  const port = await freePort()
  const tlsPort = await freePort()
  const directory = join(context.directory, `${name}-${port}`)
  await mkdir(directory)
  return { directory, port, tlsPort }
}

function entrances(port: number, tlsPort: number, processId: number): RunningProxy {
  return { plain: { url: `http://127.0.0.1:${port}/`, processId }, tls: { url: `https://127.0.0.1:${tlsPort}/`, processId } }
}

async function detectCommand(file: string, flags: readonly string[], pattern: RegExp): Promise<Presence> {
  try {
    const { stdout, stderr } = await promisify(execFile)(file, flags, { timeout: 10_000 })
    return { present: true, version: pattern.exec(stdout + stderr)?.[1] ?? 'unknown' }
  } catch {
    return { present: false, reason: `${file} is not installed: run \`apt-get install ${file}\`` }
  }
}
