import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { helloFunction } from '../hello.ts'
import { detectBinary, findBinary } from './installed.ts'
import type { CheckedRequest, Peer, PeerContext } from './peer.ts'

/**
 * Cloudflare's workerd. Cold starts come from its own way to load code while it runs, the Worker Loader binding: each request names
 * a worker that it has not seen, so that it makes a new isolate for it. The warm rows use a plain worker without a loader in front.
 * @see https://developers.cloudflare.com/workers/runtime-apis/bindings/worker-loader/
 */
export const workerd: Peer = {
  name: 'workerd',
  title: 'workerd',
  coldTitle: 'Worker Loader, new worker',
  async detect() {
    return await detectBinary('workerd', binaryPath(), (output) => output.replace(/^workerd /, ''))
  },
  cold: {
    samples: (wanted) => wanted,
    async prepare(context, count) {
      const url = await serve(context, 'loader', loaderSource(), ', bindings = [(name = "LOADER", workerLoader = (id = "benchmark"))]')
      const requests = Array.from({ length: count }, (_, index) => {
        const marker = `function ${index}`
        return { url: `${url}${index}`, expectedBody: helloFunction(marker).expectedBody }
      })
      return { kind: 'requests', requests }
    },
  },
  async warm(context): Promise<CheckedRequest> {
    const hello = helloFunction('a warm function')
    return { url: await serve(context, 'plain', hello.source, ''), expectedBody: hello.expectedBody }
  },
}

/** Any date that this workerd knows; the same for the loader and for what it loads. */
const compatibilityDate = '2026-11-01'

const platforms: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-64', 'linux-arm64': 'linux-arm64', 'darwin-x64': 'darwin-64', 'darwin-arm64': 'darwin-arm64',
}

function binaryPath(): string | null {
  return findBinary(`@cloudflare/workerd-${platforms[`${process.platform}-${process.arch}`] ?? 'none'}`, 'bin/workerd')
}

/** The path names the function; its text is the template of every peer with the function's number put in. */
function loaderSource(): string {
  const [before, after] = helloFunction('function @@').source.split('@@')
  return `const before = ${JSON.stringify(before)}
const after = ${JSON.stringify(after)}
export default {
  async fetch(request, env) {
    const id = new URL(request.url).pathname.slice(1)
    const worker = env.LOADER.get(id, async () => ({
      compatibilityDate: '${compatibilityDate}',
      mainModule: 'main.js',
      modules: { 'main.js': before + id + after },
    }))
    return await worker.getEntrypoint().fetch(request)
  },
}
`
}

/** Starts workerd with one worker; resolves with its base URL. workerd tells the port it was given on descriptor 3. */
async function serve(context: PeerContext, name: string, source: string, workerFields: string): Promise<string> {
  const binary = binaryPath()
  if (binary === null) throw new Error('workerd is not installed')
  await writeFile(join(context.directory, `${name}.js`), source)
  const configPath = join(context.directory, `${name}.capnp`)
  await writeFile(configPath, `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .benchmark)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const benchmark :Workerd.Worker = (
  modules = [(name = "${name}.js", esModule = embed "${name}.js")],
  compatibilityDate = "${compatibilityDate}"${workerFields}
);
`)
  const match = await context.processes.start(
    { file: binary, arguments: ['serve', '--experimental', '--control-fd=3', configPath] },
    { readyDescriptor: 3, readyPattern: /"event":"listen".*"port":(\d+)/, timeoutMs: 30_000 },
  )
  return `http://127.0.0.1:${match[1]}/`
}
