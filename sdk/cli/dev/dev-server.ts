import type { TailEvent } from '../../../control-plane/protocol/index.ts'
import { describeSandbox, startLocalEdge } from '../../../edge-node/index.ts'
import { SkerryError } from '../../../errors/index.ts'
import { explainLoadFailure, readDevelopmentSecrets, toFunctionState } from '../../local/index.ts'
import { createStackMapper, type StackMapper } from '../../source-map/index.ts'
import { findFreePort } from '../cluster/index.ts'
import { type BuiltFunction, createProjectBuilds } from './builds.ts'
import { watchProject } from './watch.ts'

export interface DevOptions {
  readonly directory: string
  /** The next free one is taken where it is in use. */
  readonly port: number
  readonly dataDirectory: string
  readonly onLog: (event: TailEvent) => void
  /** After each change: what is served now, or why the last good version goes on being served. */
  readonly onReload: (outcome: Reload) => void
}

export type Reload =
  | { readonly kind: 'serving'; readonly functions: readonly DevFunction[]; readonly tookMs: number }
  | { readonly kind: 'failed'; readonly error: unknown }

export interface DevFunction {
  readonly function: string
  readonly url: string
  readonly bytes: number
}

export interface DevServer {
  /** Answers as the only function of the project, if there is only one. */
  readonly url: string
  /** How functions are shut in, in a line for the developer. */
  readonly sandbox: string
  close(): Promise<void>
}

const loopback = '127.0.0.1'
/** Development talks to servers on the same machine. */
const loopbackAddresses = ['127.0.0.0/8', '::1/128', 'localhost']

/**
 * Serves a project from its folder in one process with production limits, and again after each change. A build that fails
 * leaves the last good version in place.
 */
export async function startDevServer(options: DevOptions): Promise<DevServer> {
  const { directory } = options
  const port = options.port === 0 ? 0 : await findFreePort({ hosts: [loopback], first: options.port, protocols: ['tcp'], taken: new Set() })
  const scripts = new Map<string, Uint8Array>()
  const mappers = new Map<string, StackMapper>()
  const edge = await startLocalEdge({
    name: 'dev',
    region: 'dev',
    latitude: 0,
    longitude: 0,
    host: loopback,
    port,
    dataDirectory: options.dataDirectory,
    domain: 'localhost',
    allowOutbound: loopbackAddresses,
    allowLocationHeader: true,
    trustedProxies: [],
    onLog: (event) => {
      const mapper = mappers.get(event.version)
      options.onLog(event.stack === undefined || mapper === undefined ? event : { ...event, stack: mapper(event.stack) })
    },
  })
  const builds = createProjectBuilds(directory)
  const urlOf = (name: string): string => {
    const url = new URL(edge.url)
    url.hostname = `${name}.localhost`
    return url.href
  }

  async function serve(built: readonly BuiltFunction[]): Promise<void> {
    const secrets = await readDevelopmentSecrets(directory)
    // A lone function answers without its host name too, as people type it.
    const routes = built.length === 1 ? ['localhost/*', `${loopback}/*`] : []
    const states = built.map(({ project, bundle }) => ({ bundle, state: toFunctionState({ project, bundle, secrets, routes }) }))
    for (const { bundle, state } of states) {
      scripts.set(bundle.hash, bundle.script)
      for (const { version } of state.versions) mappers.set(version, createStackMapper(bundle.sourceMap))
    }
    const ofFunction = new Map(built.map(({ project, bundle }) => [project.name, createStackMapper(bundle.sourceMap)]))
    await edge.setFunctions(states.map(({ state }) => state), readArtifact).catch((error: unknown) => {
      throw explainLoadFailure(error, (name) => ofFunction.get(name))
    })
    prune(new Set(states.map(({ bundle }) => bundle.hash)), new Set(states.flatMap(({ state }) => state.versions.map(({ version }) => version))))
  }

  function readArtifact(hash: string): Promise<Uint8Array> {
    const script = scripts.get(hash)
    return script === undefined ? Promise.reject(new SkerryError('not_found', `No script ${hash}`)) : Promise.resolve(script)
  }

  /** Requests that began before the change may still need the version before it; older ones go. */
  let previous: { readonly hashes: ReadonlySet<string>; readonly versions: ReadonlySet<string> } = { hashes: new Set(), versions: new Set() }
  function prune(hashes: ReadonlySet<string>, versions: ReadonlySet<string>): void {
    for (const hash of scripts.keys()) if (!hashes.has(hash) && !previous.hashes.has(hash)) scripts.delete(hash)
    for (const version of mappers.keys()) if (!versions.has(version) && !previous.versions.has(version)) mappers.delete(version)
    previous = { hashes, versions }
  }

  async function reload(): Promise<void> {
    const startedMs = performance.now()
    try {
      const built = await builds.build()
      await serve(built)
      const functions = built.map(({ project, bundle }) => ({ function: project.name, url: urlOf(project.name), bytes: bundle.bytes }))
      options.onReload({ kind: 'serving', functions, tookMs: performance.now() - startedMs })
    } catch (error) {
      options.onReload({ kind: 'failed', error })
    }
  }

  const watcher = watchProject(directory, reload)
  await watcher.ready
  await reload()
  return {
    url: edge.url,
    sandbox: describeSandbox(edge.runtime.status()),
    async close() {
      await watcher.close()
      await builds.close()
      await edge.close()
    },
  }
}
