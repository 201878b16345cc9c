import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findBinary } from '../peers/installed.ts'
import type { Processes } from '../processes.ts'
import { childrenOf } from '../process-tree.ts'
import { workerSource } from './worker.ts'

export interface Runtime {
  readonly name: string
  readonly url: string
  /** Of the process that was started; it may have more beneath it. */
  readonly processId: number
}

/** Starts one of skerry, workerd and node with the worker. */
export async function startRuntime(name: string, processes: Processes): Promise<Runtime> {
  const before = new Set(childrenOf(process.pid))
  const url = name === 'workerd' ? await startWorkerd(processes) : await startScript(name === 'skerry' ? 'serve-edge.ts' : 'serve-node.ts', processes)
  const processId = childrenOf(process.pid).find((id) => !before.has(id)) ?? 0
  return { name, url, processId }
}

async function startScript(script: string, processes: Processes): Promise<string> {
  const [, url = ''] = await processes.start(
    { file: process.execPath, arguments: [join(import.meta.dirname, script)] },
    { readyDescriptor: 1, readyPattern: /Listening on (http:\S+)/, timeoutMs: 60_000 },
  )
  return url
}

async function startWorkerd(processes: Processes): Promise<string> {
  const binary = ['linux-64', 'linux-arm64', 'darwin-arm64'].map((platform) => findBinary(`@cloudflare/workerd-${platform}`, 'bin/workerd')).find((path) => path !== null)
  if (binary === undefined || binary === null) throw new Error('workerd is not installed: run `npm --prefix benchmarks install`')
  const directory = await mkdtemp(join(tmpdir(), 'skerry-benchmark-streams-'))
  await writeFile(join(directory, 'worker.js'), workerSource)
  await writeFile(join(directory, 'config.capnp'), `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .streams)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]);
const streams :Workerd.Worker = (modules = [(name = "worker.js", esModule = embed "worker.js")], compatibilityDate = "2026-11-01");
`)
  const [, port] = await processes.start(
    { file: binary, arguments: ['serve', '--control-fd=3', join(directory, 'config.capnp')] },
    { readyDescriptor: 3, readyPattern: /"event":"listen".*"port":(\d+)/, timeoutMs: 30_000 },
  )
  return `http://127.0.0.1:${port}/`
}
