import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Agent, fetch as undiciFetch, type RequestInit as UndiciRequestInit, type Response as UndiciResponse } from 'undici'
import { type FunctionProject, functionProjectSchema, type TailEvent } from '../../control-plane/protocol/index.ts'
import { startLocalEdge } from '../../edge-node/index.ts'
import { SkerryError } from '../../errors/index.ts'
import { bundleFunction } from '../bundle/index.ts'
import { lookupWithLocalhost } from '../client/index.ts'
import { explainLoadFailure, readDevelopmentSecrets, toFunctionState } from '../local/index.ts'
import { loadProject } from '../project/index.ts'
import { createStackMapper, type StackMapper } from '../source-map/index.ts'

/** Settings of a function given as text; everything that skerry.jsonc allows, all of it optional. */
export type TestFunctionConfig = Partial<Omit<FunctionProject, 'limits' | 'main'>> & { readonly limits?: Partial<FunctionProject['limits']> }

export type TestEdgeOptions = {
  /** In place of what `skerry secret put` sets; else those of .dev.vars. */
  readonly secrets?: Readonly<Record<string, string>>
  /** CIDRs or HOST[:PORT] that functions may call besides public addresses: none by default, as in production. */
  readonly allowOutbound?: readonly string[]
} & (
  | { /** The folder of skerry.jsonc. */ readonly directory: string }
  | { /** An ES module with a default export; it is not bundled. */ readonly script: string; readonly config?: TestFunctionConfig }
)

/** A console line, an exception or a failed request, its stack mapped to the sources. */
export type TestLog = Pick<TailEvent, 'function' | 'kind' | 'level' | 'text' | 'stack' | 'code' | 'requestId' | 'timeMs'>

export interface TestEdge {
  /** Where it listens; the first function of the project answers. */
  readonly url: string
  /** What the functions logged, oldest first. */
  readonly logs: readonly TestLog[]
  /** As the global `fetch`; a path alone, such as `/users`, goes to the first function. */
  readonly fetch: (input: string | URL, init?: UndiciRequestInit) => Promise<UndiciResponse>
  readonly close: () => Promise<void>
}

interface Loaded {
  readonly project: FunctionProject
  readonly script: Uint8Array
  readonly hash: string
  readonly sourceMap: string | undefined
}

const keptLogs = 10_000

async function load(options: TestEdgeOptions): Promise<readonly Loaded[]> {
  if ('script' in options) {
    const script = Buffer.from(options.script)
    const project = functionProjectSchema.safeParse({ name: 'test', ...options.config, main: 'script' })
    if (!project.success) {
      const issue = project.error.issues[0]
      throw new SkerryError('config_invalid', `config.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}`, { field: issue?.path.join('.') ?? '' })
    }
    return [{ project: project.data, script, hash: createHash('sha256').update(script).digest('hex'), sourceMap: undefined }]
  }
  const { directory, functions } = await loadProject(options.directory)
  return Promise.all(
    functions.map(async (project) => {
      const { script, hash, sourceMap } = await bundleFunction({ directory, main: project.main })
      return { project, script, hash, sourceMap }
    }),
  )
}

/**
 * Starts an edge node in this process, with real cells and production limits, that serves a project or a script. Close it.
 * Throws `config_invalid`, `bundle_failed`, or `load_failed` where the function does not load.
 */
export async function startTestEdge(options: TestEdgeOptions): Promise<TestEdge> {
  const loaded = await load(options)
  const secrets = options.secrets ?? ('directory' in options ? await readDevelopmentSecrets(resolve(options.directory)) : {})
  const dataDirectory = await mkdtemp(join(tmpdir(), 'skerry-test-'))
  const mappers = new Map<string, StackMapper>()
  const logs: TestLog[] = []
  const edge = await startLocalEdge({
    name: 'test',
    region: 'fra',
    latitude: 50.03,
    longitude: 8.57,
    host: '127.0.0.1',
    port: 0,
    dataDirectory,
    domain: 'localhost',
    allowOutbound: options.allowOutbound ?? [],
    allowLocationHeader: true,
    trustedProxies: [],
    onLog: (event: TailEvent) => {
      const stack = event.stack === undefined ? undefined : (mappers.get(event.version)?.(event.stack) ?? event.stack)
      if (logs.length >= keptLogs) logs.shift()
      logs.push({ ...event, ...(stack === undefined ? {} : { stack }) })
    },
  })
  const agent = new Agent({ connect: { lookup: lookupWithLocalhost } })
  const close = async (): Promise<void> => {
    await agent.destroy()
    await edge.close()
    await rm(dataDirectory, { recursive: true, force: true })
  }
  try {
    const scripts = new Map(loaded.map(({ hash, script }) => [hash, script]))
    const states = loaded.map(({ project, hash, script, sourceMap }, index) => {
      const routes = index === 0 ? ['localhost/*', '127.0.0.1/*'] : []
      const state = toFunctionState({ project, bundle: { hash, bytes: script.byteLength }, secrets, routes })
      for (const { version } of state.versions) mappers.set(version, createStackMapper(sourceMap))
      return state
    })
    await edge.setFunctions(states, (hash) => {
      const script = scripts.get(hash)
      return script === undefined ? Promise.reject(new SkerryError('not_found', `No script ${hash}`)) : Promise.resolve(script)
    })
  } catch (error) {
    await close()
    throw explainLoadFailure(error, (name) => createStackMapper(loaded.find(({ project }) => project.name === name)?.sourceMap))
  }
  return {
    url: edge.url,
    logs,
    fetch: (input, init) => undiciFetch(new URL(input, edge.url), { ...init, dispatcher: agent }),
    close,
  }
}
