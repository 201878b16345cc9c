import { execFile } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { SkerryError } from '../../errors/index.ts'
import { sourceOf, type Workload } from '../workload.ts'
import type { Peer, PeerContext, Server } from './peer.ts'
import { commandPath, hostOf, publish, startSkerryNode } from './skerry-node.ts'

/**
 * Skerry as it is run: a control plane and one edge node with its cells, real processes, started by its own commands. Functions are
 * published through the public API. A node test-loads what is published in a cell on probation, and holds no serving isolate for
 * it until a request comes.
 */
export const skerry: Peer = {
  name: 'skerry',
  title: 'Skerry',
  methods: { cold: 'first request through an edge node', fresh: '"isolation": "request"' },
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
  async deploy(context, functions, { idleSeconds, keepsAll = false } = {}) {
    const node = await startSkerryNode(context, [
      ...(idleSeconds === undefined ? [] : ['--isolate-idle', String(idleSeconds)]),
      ...(keepsAll ? ['--cell-memory', '8192'] : []),
    ])
    const all = Array.from({ length: functions.count }, (_, index) => ({ name: `function-${index}`, source: sourceOf(functions, index) }))
    for (let first = 0; first < all.length; first += functionsPerDeployment) {
      await publish(node, all.slice(first, first + functionsPerDeployment))
      if (first > 0 && first % reportEvery === 0) context.progress(`${first} of ${all.length} functions are published`)
    }
    // Publishing is work too: what is measured is a node at rest, as the other peers are.
    await delay(restMs)
    const requests = all.map(({ name }, index) => ({ url: node.url, host: hostOf(name, node.url), expectedBody: functions.expectedBody(index) }))
    return { requests, processId: node.processId }
  },
  async serve(context, workload) {
    return await serveOne(context, workload, 'function')
  },
  async serveFresh(context, workload) {
    return await serveOne(context, workload, 'request')
  },
  inspectStart(serverTiming) {
    const start = /(?:^|,\s*)start;dur=([\d.]+);desc="?(\w+)"?/.exec(serverTiming ?? '')
    if (start?.[2] !== 'cold') {
      throw new SkerryError('internal_error', `A first request was not a cold start: server-timing was ${serverTiming ?? 'absent'}.`)
    }
    return Number(start[1])
  },
}

async function serveOne(context: PeerContext, { source, path = '/', body, expectedBody }: Workload, isolation: 'function' | 'request'): Promise<Server> {
  const node = await startSkerryNode(context)
  await publish(node, [{ name: 'warm', source, isolation }])
  const url = new URL(path, node.url).href
  return { request: { url, host: hostOf('warm', node.url), expectedBody, ...(body === undefined ? {} : { body }) } }
}

/** The line of a failed command's output that names the error, rather than the whole stack. */
function firstError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.split('\n').find((line) => /^\w*Error\b/.test(line)) ?? message.split('\n')[0] ?? ''
}

/** Small groups, so that a deployment of test-loads stays well within its time-out. */
const functionsPerDeployment = 20
const reportEvery = 200
const restMs = 3_000
