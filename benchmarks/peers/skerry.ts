import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { z } from 'zod'
import { deploymentEventSchema, type DeploymentRequestInput } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import { helloFunction } from '../hello.ts'
import type { Peer, PeerContext } from './peer.ts'

/**
 * Skerry as it is run: a control plane and one edge node with its cells, real processes, started by its own command. Functions are
 * published through the public API. A node test-loads what is published in a cell on probation, and holds no serving isolate for
 * it until a request comes; each answer's `server-timing` must say `cold`, or the run fails.
 */
export const skerry: Peer = {
  name: 'skerry',
  title: 'Skerry',
  coldTitle: 'first request through an edge node',
  async detect() {
    const command = commandPath()
    if (command === null) return { present: false, reason: 'bin/skerry.js is not there' }
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [command, '--version'], { timeout: 20_000 })
      return { present: true, version: stdout.trim() }
    } catch (error) {
      return { present: false, reason: `it does not run here: ${firstError(error)}` }
    }
  },
  cold: {
    samples: (wanted) => wanted,
    async prepare(context, count) {
      const cluster = await startCluster(context)
      const names = Array.from({ length: count }, (_, index) => `cold-${index}`)
      for (let first = 0; first < count; first += functionsPerDeployment) {
        await publish(cluster, names.slice(first, first + functionsPerDeployment).map((name, offset) => {
          return { name, source: helloFunction(`function ${first + offset}`).source }
        }))
      }
      // Publishing is work too: what is measured is a node at rest, as the other peers are.
      await delay(restMs)
      const requests = names.map((name, index) => {
        return { url: cluster.nodeUrl, host: hostOf(name, cluster.nodeUrl), expectedBody: helloFunction(`function ${index}`).expectedBody }
      })
      return { kind: 'requests', requests }
    },
    inspect(serverTiming) {
      const start = /(?:^|,\s*)start;dur=([\d.]+);desc="?(\w+)"?/.exec(serverTiming ?? '')
      if (start?.[2] !== 'cold') {
        throw new SkerryError('internal_error', `A first request was not a cold start: server-timing was ${serverTiming ?? 'absent'}.`)
      }
      return Number(start[1])
    },
  },
  async warm(context) {
    const cluster = await startCluster(context)
    const hello = helloFunction('a warm function')
    await publish(cluster, [{ name: 'warm', source: hello.source }])
    return { url: cluster.nodeUrl, host: hostOf('warm', cluster.nodeUrl), expectedBody: hello.expectedBody }
  },
}

/** The line of a failed command's output that names the error, rather than the whole stack. */
function firstError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.split('\n').find((line) => /^\w*Error\b/.test(line)) ?? message.split('\n')[0] ?? ''
}

/** Small groups, so that a deployment of test-loads stays well within its time-out. */
const functionsPerDeployment = 20
const requestTimeoutMs = 60_000
const restMs = 3_000

interface Cluster {
  readonly controlPlane: string
  readonly token: string
  readonly nodeUrl: string
}

const clusterLineSchema = z.looseObject({
  controlPlane: z.url(),
  token: z.string(),
  nodes: z.array(z.looseObject({ url: z.url() })).min(1),
})

async function startCluster(context: PeerContext): Promise<Cluster> {
  const command = commandPath()
  if (command === null) throw new SkerryError('internal_error', 'bin/skerry.js is not there.')
  const match = await context.processes.start(
    {
      file: process.execPath,
      arguments: [command, 'cluster', '--json', '--regions', 'fra', '--port', '0', '--data', join(context.directory, 'data')],
      // The command leaves its credentials in the folder it runs in, which must not be the one of whoever runs the benchmark.
      workingDirectory: context.directory,
    },
    { readyDescriptor: 1, readyPattern: /^(\{.*"controlPlane".*\})\r?\n/m, timeoutMs: 60_000 },
  )
  const line = clusterLineSchema.parse(JSON.parse(match[1] ?? ''))
  const [node] = line.nodes
  if (node === undefined) throw new SkerryError('internal_error', 'The cluster has no edge node.')
  return { controlPlane: line.controlPlane, token: line.token, nodeUrl: new URL('/', node.url).href }
}

/** Publishes functions as one atomic group and waits until the node has activated them. */
async function publish(cluster: Cluster, functions: readonly { name: string; source: string }[]): Promise<void> {
  const authorization = `Bearer ${cluster.token}`
  const entries = await Promise.all(functions.map(async ({ name, source }) => {
    const bytes = Buffer.from(source)
    const artifactHash = createHash('sha256').update(bytes).digest('hex')
    await call(cluster, `/v1/artifacts/${artifactHash}`, {
      method: 'PUT', headers: { authorization, 'content-type': 'application/octet-stream' }, body: bytes,
    })
    // All limits are the defaults but this one: the widest row has more connections than a function may have requests at once.
    return { name, artifactHash, config: { concurrency: { max: 1_000 } }, routes: [] }
  }))
  const request: DeploymentRequestInput = { functions: entries, message: 'benchmark' }
  const answer = await call(cluster, '/v1/deployments', {
    method: 'POST', headers: { authorization, 'content-type': 'application/json' }, body: JSON.stringify(request),
  })
  const lastLine = answer.trim().split('\n').at(-1) ?? ''
  const event = deploymentEventSchema.parse(JSON.parse(lastLine))
  if (event.type !== 'done' || !event.activated || event.nodes.length === 0) {
    throw new SkerryError('internal_error', `Publishing ${functions.length} functions did not end well: ${lastLine}`)
  }
}

async function call(cluster: Cluster, path: string, init: RequestInit): Promise<string> {
  const response = await fetch(new URL(path, cluster.controlPlane), { ...init, signal: AbortSignal.timeout(requestTimeoutMs) })
  const text = await response.text()
  if (!response.ok) throw new SkerryError('internal_error', `${init.method} ${path} was answered ${response.status}: ${text.slice(0, 500)}`)
  return text
}

function hostOf(name: string, nodeUrl: string): string {
  const { port } = new URL(nodeUrl)
  return port === '' ? `${name}.localhost` : `${name}.localhost:${port}`
}

/** The project's command, looked for upwards, so that it is found from the sources and from a built package alike. */
function commandPath(): string | null {
  for (let directory = import.meta.dirname; directory !== dirname(directory); directory = dirname(directory)) {
    const path = join(directory, 'bin', 'skerry.js')
    if (existsSync(path)) return path
  }
  return null
}
