import type { OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild'
import { fileURLToPath } from 'node:url'
import { findOffered, type OfferedModule, offeredModules } from './offered-modules.ts'

const namespace = 'skerry-node'
const requireNamespace = 'skerry-node-require'
const ending = import.meta.url.endsWith('.ts') ? '.ts' : '.js'

/** The file of one of the modules that bundles take in place of Node's: of this package, whatever the project has installed. */
export const moduleFile = (name: string): string => fileURLToPath(new URL(`./modules/${name}${ending}`, import.meta.url))

export const asyncHooksFile = moduleFile('async-hooks')

const filter = new RegExp(`^(?:node:)?(?:${Object.keys(offeredModules).join('|')})/?$`)
/** CommonJS that does nothing but export: left out where nothing of it is used, though its packages do not say so. */
const pure = /^(?:@pkgjs\/parseargs|assert\/build\/internal\/util\/comparisons\.js|node-inspect-extracted)$/
const assertPackage = /[\\/]node_modules[\\/]assert[\\/]build[\\/]/
/** Marks what this plugin asks esbuild itself. */
const asked = Symbol('asked')

/** `import 'node:x'` and `import 'x'` give the modules that are offered; whatever is not, is left to be refused. */
export function nodeCompatibilityPlugin(): Plugin {
  return {
    name: 'skerry-node-compatibility',
    setup(build) {
      build.onResolve({ filter }, async (args) => {
        if (args.pluginData === asked) return undefined
        if (args.path === 'util/' && assertPackage.test(args.importer)) return { path: moduleFile('assert-util') }
        if (await isLeftOut(build, args)) return undefined
        const path = args.path.replace(/^node:/, '').replace(/\/$/, '')
        return { path, namespace: args.kind === 'require-call' ? requireNamespace : namespace, sideEffects: false }
      })
      build.onResolve({ filter: pure }, async (args): Promise<OnResolveResult | undefined> =>
        args.pluginData === asked ? undefined : { ...(await resolveAsGiven(build, args)), sideEffects: false })
      build.onLoad({ filter: /.*/, namespace }, ({ path }) => contentsOf(path, importing))
      build.onLoad({ filter: /.*/, namespace: requireNamespace }, ({ path }) => contentsOf(path, requiring))
    },
  }
}

function resolveAsGiven(build: PluginBuild, { path, importer, kind, resolveDir }: OnResolveArgs): ReturnType<PluginBuild['resolve']> {
  return build.resolve(path, { importer, kind, resolveDir, pluginData: asked })
}

/** Whether a package says by its `browser` map that it does without. */
async function isLeftOut(build: PluginBuild, args: OnResolveArgs): Promise<boolean> {
  if (args.path.startsWith('node:') || args.path.endsWith('/') || !args.importer.includes('node_modules')) return false
  const own = await resolveAsGiven(build, args)
  // What is mapped to `false` is found, and is no file.
  return own.errors.length === 0 && own.namespace !== 'file'
}

function contentsOf(name: string, write: (file: string, offered: OfferedModule) => string): { contents: string; resolveDir: string } | undefined {
  const offered = findOffered(name)
  if (offered === undefined) return undefined
  return { contents: write(JSON.stringify(moduleFile(offered.file)), offered), resolveDir: fileURLToPath(new URL('.', import.meta.url)) }
}

function importing(file: string, { main }: OfferedModule): string {
  return `export * from ${file}\nexport ${main === undefined ? '* as default' : `{ ${main} as default }`} from ${file}`
}

/** What CommonJS gets: the class or function itself where the module is one, else an object that may be written to. */
function requiring(file: string, { main }: OfferedModule): string {
  return `module.exports = ${main === undefined ? `{ ...require(${file}) }` : `require(${file}).${main}`}`
}
