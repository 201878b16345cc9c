import type { FunctionState, TailEvent } from '../control-plane/protocol/index.ts'
import { SkerryError } from '../errors/index.ts'
import type { LogRecord, Runtime, RuntimeOptions } from '../runtime/supervisor/index.ts'
import { type ResolveHost } from './bindings/fetch/index.ts'
import { toTailEvent } from './bindings/logs/index.ts'
import { EdgeCore, type RuntimeSettings } from './edge-core.ts'
import type { QuotaTable } from './quotas/index.ts'
import type { LocateClient, ReadArtifact } from './ingress/index.ts'
import { toRoutedVersion } from './ingress/index.ts'

import type { ProtectionSettings } from './protection/index.ts'
export interface LocalEdgeOptions extends ProtectionSettings {
  readonly name: string
  readonly region: string
  readonly latitude: number
  readonly longitude: number
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Where clients reach it, where that is not `host` with the port. */
  readonly publicUrl?: string
  /** Kept for what bindings store. */
  readonly dataDirectory?: string
  readonly domain: string
  readonly allowOutbound: readonly string[]
  readonly denyOutbound?: readonly string[]
  readonly onlyOutbound?: readonly string[]
  readonly trustedProxies: readonly string[]
  readonly allowLocationHeader: boolean
  readonly runtime?: RuntimeSettings
  readonly createRuntime?: (options: RuntimeOptions) => Promise<Runtime> | Runtime
  readonly locate?: LocateClient
  /** In place of the system's, for names that functions call. */
  readonly resolve?: ResolveHost
  readonly onLog?: (event: TailEvent) => void
  /** What accounts may take; nothing is held without. */
  readonly quotas?: QuotaTable
}

export interface LocalEdge {
  readonly url: string
  readonly runtime: Runtime
  /**
   * From now on these functions are served, all at once. Loads each version that is new first; rejects with `load_failed`
   * (`cause`: the runtime's error, whose own cause has the stack) and leaves what is served as it is.
   */
  setFunctions(functions: readonly FunctionState[], readArtifact: ReadArtifact): Promise<void>
  close(): Promise<void>
}

/** Starts an edge without a control plane, for `skerry dev` and tests: the same ingress, limits and bindings, real cells. */
export async function startLocalEdge(options: LocalEdgeOptions): Promise<LocalEdge> {
  const readers = new Map<string, ReadArtifact>()
  const readArtifact: ReadArtifact = (hash) => {
    const read = readers.get(hash)
    if (read === undefined) throw new SkerryError('not_found', `There is no script ${hash}.`)
    return read(hash)
  }
  let served: ReadonlySet<string> = new Set()
  const { latitude, longitude } = options
  const here = { node: options.name, region: options.region }
  const onLog = (record: LogRecord): void => options.onLog?.(toTailEvent(record, here))
  const core = await EdgeCore.start({ ...options, discovery: { latitude, longitude }, isSynchronised: () => true, internalTokens: () => [], readArtifact, onLog })
  try {
    const { url } = await core.listen('public', options.host, options.port)
    await core.runtime.ready()
    return {
      url,
      runtime: core.runtime,
      setFunctions: async (functions, read) => {
        const before = new Set(readers.keys())
        for (const { versions } of functions) for (const { artifactHash } of versions) readers.set(artifactHash, read)
        try {
          await loadNew(core, functions, { region: options.region, readArtifact })
        } catch (error) {
          for (const hash of readers.keys()) if (!before.has(hash)) readers.delete(hash)
          throw error
        }
        core.setFunctions(functions)
        // Requests in flight may still load what was served until now; what is older goes.
        const kept = new Set([...served, ...functions.flatMap(({ versions }) => versions.map(({ artifactHash }) => artifactHash))])
        for (const hash of readers.keys()) if (!kept.has(hash)) readers.delete(hash)
        served = new Set(functions.flatMap(({ versions }) => versions.map(({ artifactHash }) => artifactHash)))
      },
      close: () => core.close(),
    }
  } catch (error) {
    await core.close()
    throw error
  }
}

async function loadNew(core: EdgeCore, functions: readonly FunctionState[], here: { readonly region: string; readonly readArtifact: ReadArtifact }): Promise<void> {
  for (const state of functions) {
    for (const record of state.versions) {
      const { runnable } = toRoutedVersion(record, state.secrets, here)
      if (core.table.versions.has(runnable.key)) continue
      try {
        await core.runtime.testLoad(runnable)
      } catch (cause) {
        const detail = cause instanceof Error ? cause.message : 'it does not load'
        throw new SkerryError('load_failed', `${state.function} does not load: ${detail}`, { cause, field: state.function })
      }
    }
  }
}
