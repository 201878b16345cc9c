import { join } from 'node:path'
import { z } from 'zod'
import type { Processes } from '../processes.ts'

/** How the nodes are run. Every one is a whole edge node: own ports, folder, feed connection, artifacts and cells. */
export interface PublishClusterOptions {
  readonly nodes: number
  /** Nodes that share a process, and so an event loop; 1 is how nodes are run in earnest. */
  readonly nodesPerProcess: number
  /** Cells held ready and blank isolates in each cell; the defaults of `skerry edge` when left out. */
  readonly spareCells?: number
  readonly blankIsolates?: number
}

export interface PublishCluster {
  readonly controlPlaneUrl: string
  readonly token: string
  readonly nodes: readonly { readonly name: string; readonly url: string }[]
}

const controlPlaneSchema = z.object({ url: z.url(), adminToken: z.string(), nodeToken: z.string() })
const nodesSchema = z.object({ nodes: z.array(z.object({ name: z.string(), url: z.url() })).min(1) })
const jsonLine = /^(\{.*\})\r?\n/m
const startTimeoutMs = 120_000

/** Starts a control plane by its own command, and the nodes one process after the other. Whoever owns `processes` ends them. */
export async function startPublishCluster(
  options: PublishClusterOptions,
  context: { readonly directory: string; readonly processes: Processes; readonly progress: (text: string) => void },
): Promise<PublishCluster> {
  const { directory, processes } = context
  const command = join(import.meta.dirname, '..', '..', 'bin', 'skerry.js')
  const start = async <T extends z.ZodType>(schema: T, file: string, flags: readonly string[], environment: Readonly<Record<string, string>>): Promise<z.infer<T>> => {
    const [, line = ''] = await processes.start(
      { file: process.execPath, arguments: [file, ...flags], environment, workingDirectory: directory },
      { readyDescriptor: 1, readyPattern: jsonLine, timeoutMs: startTimeoutMs },
    )
    return schema.parse(JSON.parse(line))
  }
  const controlPlane = await start(controlPlaneSchema, command, ['control-plane', '--port', '0', '--data', join(directory, 'control-plane'), '--json'], {})
  const flags = [
    '--control-plane', controlPlane.url, '--directory', join(directory, 'nodes'),
    ...(options.spareCells === undefined ? [] : ['--spares', String(options.spareCells)]),
    ...(options.blankIsolates === undefined ? [] : ['--blanks', String(options.blankIsolates)]),
  ]
  const nodes: { name: string; url: string }[] = []
  while (nodes.length < options.nodes) {
    const count = Math.min(options.nodesPerProcess, options.nodes - nodes.length)
    const served = await start(nodesSchema, join(import.meta.dirname, 'serve-nodes.ts'), [...flags, '--first', String(nodes.length), '--count', String(count)], {
      SKERRY_NODE_TOKEN: controlPlane.nodeToken,
    })
    nodes.push(...served.nodes)
    context.progress(`publish: ${nodes.length} of ${options.nodes} nodes are up`)
  }
  return { controlPlaneUrl: controlPlane.url, token: controlPlane.adminToken, nodes }
}
