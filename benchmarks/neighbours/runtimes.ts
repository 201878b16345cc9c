import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findBinary } from '../peers/installed.ts'
import type { Processes } from '../processes.ts'
import type { Target } from './client-process.ts'
import { type Hog, neighbourSource } from './functions.ts'

/** A runtime with a hog and who lives beside it. */
export interface Neighbourhood {
  readonly hog: Target
  /** Under what the row is told, for each neighbour. */
  readonly neighbours: readonly { readonly title: string; readonly target: Target }[]
}

/** An edge node: one neighbour of another account, one of the hog's own. */
export async function startSkerry(hog: Hog, processes: Processes): Promise<Neighbourhood> {
  const [, url = ''] = await processes.start(
    { file: process.execPath, arguments: [join(import.meta.dirname, 'serve-edge.ts'), hog.source] },
    { readyDescriptor: 1, readyPattern: /Listening on (http:\S+)/, timeoutMs: 60_000 },
  )
  const target = (host: string): Target => ({ url, host })
  return {
    hog: target('hog.two.localhost'),
    neighbours: [
      { title: 'Skerry, another account', target: target('neighbour.one.localhost') },
      { title: 'Skerry, the same account', target: target('neighbour.two.localhost') },
    ],
  }
}

/** One process with two workers, each at a socket of its own: it knows no accounts. */
export async function startWorkerd(hog: Hog, processes: Processes, directory: string): Promise<Neighbourhood> {
  const binary = ['linux-64', 'linux-arm64', 'darwin-arm64'].map((platform) => findBinary(`@cloudflare/workerd-${platform}`, 'bin/workerd')).find((path) => path !== null)
  if (binary === undefined || binary === null) throw new Error('workerd is not installed: run `npm --prefix benchmarks install`')
  await writeFile(join(directory, 'neighbour.js'), neighbourSource)
  await writeFile(join(directory, 'hog.js'), hog.source)
  const worker = (name: string): string => `const ${name} :Workerd.Worker = (modules = [(name = "${name}.js", esModule = embed "${name}.js")], compatibilityDate = "2026-11-01");\n`
  const config = join(directory, 'neighbours.capnp')
  await writeFile(config, `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "neighbour", worker = .neighbour), (name = "hog", worker = .hog)],
  sockets = [(name = "neighbour", address = "127.0.0.1:0", http = (), service = "neighbour"), (name = "hog", address = "127.0.0.1:0", http = (), service = "hog")]);
${worker('neighbour')}${worker('hog')}`)
  const ports = await processes.start(
    { file: binary, arguments: ['serve', '--control-fd=3', config] },
    { readyDescriptor: 3, readyPattern: /"socket":"neighbour".*"port":(\d+)[^]*"socket":"hog".*"port":(\d+)/, timeoutMs: 30_000 },
  )
  const target = (port = ''): Target => ({ url: `http://127.0.0.1:${port}/`, host: 'localhost' })
  return { hog: target(ports[2]), neighbours: [{ title: 'workerd', target: target(ports[1]) }] }
}
