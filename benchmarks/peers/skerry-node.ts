import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { deploymentEventSchema, type DeploymentRequestInput } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import type { PeerContext } from './peer.ts'

/** A control plane and one edge node with its cells, each a process of its own, started by Skerry's own commands. */
export interface SkerryNode {
  readonly url: string
  /** Of the edge node; its cells are beneath it. */
  readonly processId: number
  readonly controlPlaneUrl: string
  readonly token: string
  /** With which nodes and gateways join. */
  readonly nodeToken: string
}

export interface PublishedFunction {
  readonly name: string
  readonly source: string
  readonly isolation?: 'function' | 'request'
}

const controlPlaneSchema = z.looseObject({ url: z.url(), adminToken: z.string(), nodeToken: z.string() })
const edgeSchema = z.looseObject({ url: z.url() })
const requestTimeoutMs = 60_000

/** Starts both, with the defaults of the commands but for what is passed as flags of `skerry edge`. */
export async function startSkerryNode(context: PeerContext, edgeFlags: readonly string[] = []): Promise<SkerryNode> {
  const controlPlane = await startRole(context, controlPlaneSchema, ['control-plane', '--data', join(context.directory, 'control-plane')], {})
  const { url: controlPlaneUrl, adminToken: token, nodeToken } = controlPlane.line
  const edge = await startEdge(context, { controlPlaneUrl, nodeToken }, 'edge', edgeFlags)
  return { ...edge, controlPlaneUrl, token, nodeToken }
}

/** One edge node more of the same cluster, in a folder of this name. A node of the same region needs a `--name` of its own. */
export async function startEdge(
  context: PeerContext, { controlPlaneUrl, nodeToken }: Pick<SkerryNode, 'controlPlaneUrl' | 'nodeToken'>, folder: string, flags: readonly string[],
): Promise<Pick<SkerryNode, 'url' | 'processId'>> {
  const { line, processId } = await startRole(context, edgeSchema, [
    'edge', '--region', 'fra', '--host', '127.0.0.1', '--control-plane', controlPlaneUrl, '--data', join(context.directory, folder), ...flags,
  ], { SKERRY_NODE_TOKEN: nodeToken })
  return { url: new URL('/', line.url).href, processId }
}

/** The gateway before the nodes that a control plane lists. */
export async function startGateway(
  context: PeerContext, { controlPlaneUrl, nodeToken }: Pick<SkerryNode, 'controlPlaneUrl' | 'nodeToken'>, flags: readonly string[] = [],
): Promise<Pick<SkerryNode, 'url' | 'processId'>> {
  const { line, processId } = await startRole(context, edgeSchema, ['gateway', '--host', '127.0.0.1', '--control-plane', controlPlaneUrl, ...flags], {
    SKERRY_NODE_TOKEN: nodeToken,
  })
  return { url: new URL('/', line.url).href, processId }
}

async function startRole<T extends z.ZodType>(
  context: PeerContext, schema: T, flags: readonly string[], environment: Readonly<Record<string, string>>,
): Promise<{ readonly line: z.infer<T>; readonly processId: number }> {
  const command = commandPath()
  if (command === null) throw new SkerryError('internal_error', 'bin/skerry.js is not there.')
  const { match, processId } = await context.processes.startServer(
    { file: process.execPath, arguments: [command, ...flags, '--port', '0', '--json'], environment, workingDirectory: context.directory },
    { readyDescriptor: 1, readyPattern: /^(\{.*\})\r?\n/m, timeoutMs: 60_000 },
  )
  return { line: schema.parse(JSON.parse(match[1] ?? '')), processId }
}

/** The control plane refuses more than it has memory for. */
const uploadsAtATime = 4

/** Publishes functions as one atomic group and waits until the node has activated them. */
export async function publish(node: SkerryNode, functions: readonly PublishedFunction[]): Promise<void> {
  const authorization = `Bearer ${node.token}`
  const entries = []
  for (let first = 0; first < functions.length; first += uploadsAtATime) {
    entries.push(...await Promise.all(functions.slice(first, first + uploadsAtATime).map(async ({ name, source, isolation = 'function' }) => {
      const bytes = Buffer.from(source)
      const artifactHash = createHash('sha256').update(bytes).digest('hex')
      await call(node, `/v1/artifacts/${artifactHash}`, {
        method: 'PUT', headers: { authorization, 'content-type': 'application/octet-stream' }, body: bytes,
      })
      // All limits are the defaults but this one: the widest row has more connections than a function may have requests at once.
      return { name, artifactHash, config: { isolation, concurrency: { max: 1_000 } }, routes: [] }
    })))
  }
  const request: DeploymentRequestInput = { functions: entries, message: 'benchmark' }
  const answer = await call(node, '/v1/deployments', {
    method: 'POST', headers: { authorization, 'content-type': 'application/json' }, body: JSON.stringify(request),
  })
  const lastLine = answer.trim().split('\n').at(-1) ?? ''
  const event = deploymentEventSchema.parse(JSON.parse(lastLine))
  if (event.type !== 'done' || !event.activated || event.nodes.length === 0) {
    throw new SkerryError('internal_error', `Publishing ${functions.length} functions did not end well: ${lastLine}`)
  }
}

async function call(node: SkerryNode, path: string, init: RequestInit): Promise<string> {
  const response = await fetch(new URL(path, node.controlPlaneUrl), { ...init, signal: AbortSignal.timeout(requestTimeoutMs) })
  const text = await response.text()
  if (!response.ok) throw new SkerryError('internal_error', `${init.method} ${path} was answered ${response.status}: ${text.slice(0, 500)}`)
  return text
}

/** What a client sends as `Host` for a function at this node. */
export function hostOf(name: string, nodeUrl: string): string {
  const { port } = new URL(nodeUrl)
  return port === '' ? `${name}.localhost` : `${name}.localhost:${port}`
}

/** The project's command, looked for upwards, so that it is found from the sources and from a built package alike. */
export function commandPath(): string | null {
  for (let directory = import.meta.dirname; directory !== dirname(directory); directory = dirname(directory)) {
    const path = join(directory, 'bin', 'skerry.js')
    if (existsSync(path)) return path
  }
  return null
}
