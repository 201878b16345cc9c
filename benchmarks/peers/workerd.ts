import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { numberMark } from '../workload.ts'
import { detectBinary, findBinary } from './installed.ts'
import type { Peer, PeerContext } from './peer.ts'

/**
 * Cloudflare's workerd. Cold starts come from its own way to load code while it runs, the Worker Loader binding: each request names
 * a worker that it has not seen, so that it makes a new isolate for it. The warm rows use a plain worker without a loader in front.
 * @see https://developers.cloudflare.com/workers/runtime-apis/bindings/worker-loader/
 */
export const workerd: Peer = {
  name: 'workerd',
  title: 'workerd',
  methods: { cold: 'Worker Loader, new worker', fresh: 'Worker Loader, a new worker for every request' },
  async detect() {
    return await detectBinary('workerd', binaryPath(), (output) => output.replace(/^workerd /, ''))
  },
  async deploy(context, functions, options = {}) {
    if (options.idleSeconds !== undefined) throw new Error('workerd has no setting for when it unloads workers')
    const { url, processId } = await serve(context, loaderSource(`new URL(request.url).pathname.slice(1)`), functions.template)
    const requests = Array.from({ length: functions.count }, (_, index) => ({ url: `${url}${index}`, expectedBody: functions.expectedBody(index) }))
    return { requests, processId }
  },
  async serve(context, { source, path = '/', body, expectedBody }) {
    const { url } = await serve(context, source)
    return { request: { url: new URL(path, url).href, expectedBody, ...(body === undefined ? {} : { body }) } }
  },
  async serveFresh(context, { source, expectedBody }) {
    // The number stands in a comment, so that the text is another one for each request, as the ids are.
    const { url } = await serve(context, `let requests = 0\n${loaderSource('String(++requests)')}`, `${source}// ${numberMark}\n`)
    return { request: { url, expectedBody } }
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

/** Loads one worker for each id that the expression gives; its text is the template with the id in the number's place. */
function loaderSource(id: string): string {
  return `import template from 'template.txt'
const [before, after] = template.split(${JSON.stringify(numberMark)})
export default {
  async fetch(request, env) {
    const id = ${id}
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

/** Starts workerd with one worker, and with a template the loader for it; workerd tells the port it was given on descriptor 3. */
async function serve(context: PeerContext, source: string, template?: string): Promise<{ readonly url: string; readonly processId: number }> {
  const binary = binaryPath()
  if (binary === null) throw new Error('workerd is not installed')
  await writeFile(join(context.directory, 'main.js'), source)
  if (template !== undefined) await writeFile(join(context.directory, 'template.txt'), template)
  const configPath = join(context.directory, 'config.capnp')
  const [module, binding] = template === undefined
    ? ['', '']
    : [', (name = "template.txt", text = embed "template.txt")', ', bindings = [(name = "LOADER", workerLoader = (id = "benchmark"))]']
  await writeFile(configPath, `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .benchmark)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const benchmark :Workerd.Worker = (
  modules = [(name = "main.js", esModule = embed "main.js")${module}],
  compatibilityDate = "${compatibilityDate}"${binding}
);
`)
  const { match, processId } = await context.processes.startServer(
    { file: binary, arguments: ['serve', '--experimental', '--control-fd=3', configPath] },
    { readyDescriptor: 3, readyPattern: /"event":"listen".*"port":(\d+)/, timeoutMs: 30_000 },
  )
  return { url: `http://127.0.0.1:${match[1]}/`, processId }
}
