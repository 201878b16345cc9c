import { resolve } from 'node:path'
import type { FunctionProject } from '../../../control-plane/protocol/index.ts'
import { type Bundle, type Bundler, createBundler } from '../../bundle/index.ts'
import { loadProject } from '../../project/index.ts'

export interface BuiltFunction {
  readonly project: FunctionProject
  readonly bundle: Bundle
}

/** Builds all functions of a project again and again; esbuild keeps what has not changed. */
export interface ProjectBuilds {
  /** Throws `config_invalid`, `bundle_failed` or `script_too_large`. */
  build(): Promise<readonly BuiltFunction[]>
  close(): Promise<void>
}

export function createProjectBuilds(directory: string): ProjectBuilds {
  const bundlers = new Map<string, Bundler>()
  return {
    async build() {
      const { functions } = await loadProject(directory)
      const mains = new Set(functions.map(({ main }) => resolve(main)))
      for (const [main, bundler] of bundlers) {
        if (mains.has(main)) continue
        bundlers.delete(main)
        await bundler.dispose()
      }
      return Promise.all(
        functions.map(async (project) => {
          const main = resolve(project.main)
          const bundler = bundlers.get(main) ?? (await createBundler({ directory, main }))
          bundlers.set(main, bundler)
          return { project, bundle: await bundler.rebuild() }
        }),
      )
    },
    async close() {
      await Promise.all([...bundlers.values()].map((bundler) => bundler.dispose()))
      bundlers.clear()
    },
  }
}
