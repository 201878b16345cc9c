import type { Plugin } from 'esbuild'
import { moduleFile } from './plugin.ts'

/**
 * Node's globals, which packages refer to as free identifiers. A bundle that does gets them, set before anything else of it runs; one that
 * does not is left as it is. Esbuild tells which by replacing the free identifiers, and no others, with names that nobody has.
 */
const moduleOf: Readonly<Record<string, string>> = { Buffer: 'buffer', clearImmediate: 'timers', process: 'process', setImmediate: 'timers' }
const marker = '__skerryFree_'
const markerPattern = new RegExp(`${marker}(\\w+)`, 'g')
const namespace = 'skerry-globals'
const entryName = 'skerry-entry'

/** Marks the free identifiers that `findFreeGlobals` finds. */
export const freeGlobalMarkers: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(moduleOf).map((name) => [name, `${marker}${name}`]),
)

/** The names, sorted, that a bundle with the markers refers to. */
export function findFreeGlobals(code: string): string[] {
  return [...new Set(Array.from(code.matchAll(markerPattern), ([, name = '']) => name))].toSorted()
}

/** What has a bundle begin with setting these globals. @param main the entry module, absolute */
export function withGlobals(names: readonly string[], main: string): { entryPoints: string[]; plugin: Plugin } {
  const entry = JSON.stringify(main)
  const set = names.map((name) => `import { ${name} } from ${JSON.stringify(moduleFile(moduleOf[name] ?? ''))}
    Object.defineProperty(globalThis, '${name}', { value: ${name}, writable: true, configurable: true })`)
  const plugin: Plugin = {
    name: 'skerry-globals',
    setup(build) {
      build.onResolve({ filter: new RegExp(`^(?:${entryName}|${namespace})$`) }, ({ path }) => ({ path, namespace }))
      build.onLoad({ filter: /.*/, namespace }, ({ path }) => ({
        contents: path === namespace ? set.join('\n') : `import '${namespace}'\nexport * from ${entry}\nexport { default } from ${entry}`,
        resolveDir: '/',
      }))
    },
  }
  return { entryPoints: [entryName], plugin }
}
