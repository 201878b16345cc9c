import { type BuildContext, type BuildOptions, type BuildResult, context, type Loader, type Message, type Metafile } from 'esbuild'
import { createHash } from 'node:crypto'
import { join, relative, resolve } from 'node:path'
import { SkerryError } from '../../errors/index.ts'
import { bundleFileName } from '../source-map/index.ts'
import { type BundleInput, bundleFailure, checkOutput, inputsOf } from './complaints.ts'
import {
  asyncHooksFile,
  findFreeGlobals,
  freeGlobalMarkers,
  lowerAsync,
  nodeCompatibilityPlugin,
  type Script,
  withGlobals,
} from './node-compatibility/index.ts'
import { rawTextPlugin } from './raw-text-plugin.ts'
import { webAssemblyPlugin } from './web-assembly-plugin.ts'

export type { BundleInput } from './complaints.ts'

export interface BundleSource {
  /** The project's folder. Paths in source maps and complaints are relative to it. */
  readonly directory: string
  /** The entry module, absolute or relative to the folder. */
  readonly main: string
}

/** One ES module with everything in it, as it is published. */
export interface Bundle {
  readonly script: Uint8Array
  /** JSON, with the sources' contents. */
  readonly sourceMap: string
  /** SHA-256 of the script, lower-case hex. */
  readonly hash: string
  readonly bytes: number
  /** Largest first; paths relative to the project's folder. */
  readonly inputs: readonly BundleInput[]
}

/** Tells the cell, which looks for it, that nothing is awaited at the top level. The same as in runtime/bridge. */
export const synchronousMark = '//# evaluation=synchronous\n'

/** Bundles one function again and again, keeping what has not changed. */
export interface Bundler {
  /** Throws `bundle_failed` or `script_too_large`. */
  rebuild(): Promise<Bundle>
  dispose(): Promise<void>
}

interface Variant {
  /** Node's globals that the bundle sets before it begins. With none, it is marked where it refers to them. */
  readonly globals: readonly string[]
  /** Whether modules may await at their top level. */
  readonly awaits: boolean
}

/** What importing a file that is no module gives: its text, or its bytes. */
const fileLoaders: Readonly<Record<string, Loader>> = {
  ...Object.fromEntries(['.txt', '.html', '.sql', '.md', '.graphql', '.csv', '.svg'].map((ending) => [ending, 'text' as const])),
  ...Object.fromEntries(
    ['.bin', '.ttf', '.otf', '.woff', '.woff2', '.png', '.jpg', '.jpeg', '.gif', '.webp', '.avif', '.ico', '.pdf'].map((ending) => [ending, 'binary' as const]),
  ),
}

const buildOptions = ({ directory, main }: BundleSource, { awaits }: Variant, globals?: ReturnType<typeof withGlobals>) =>
  ({
    absWorkingDir: resolve(directory),
    entryPoints: globals?.entryPoints ?? [resolve(directory, main)],
    // Nothing is written: the name gives source maps paths relative to the project's folder.
    outfile: join(resolve(directory), bundleFileName),
    write: false,
    bundle: true,
    splitting: false,
    format: 'esm',
    target: 'esnext',
    supported: { 'top-level-await': awaits },
    // What publishers of packages offer to Workers, then to browsers; never Node's variants.
    platform: 'browser',
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['browser', 'module', 'main'],
    loader: fileLoaders,
    define: {
      'process.env.NODE_ENV': '"production"',
      global: 'globalThis',
      // There is one file, and no disk: good enough to tell places from each other by `new URL`.
      'import.meta.url': JSON.stringify(`file:///${bundleFileName}`),
      ...(globals === undefined ? freeGlobalMarkers : {}),
    },
    // Identifiers keep their names for stacks and `Function.name`; `keepNames` would cost a call per function at every cold start.
    minifySyntax: true,
    minifyWhitespace: true,
    minifyIdentifiers: false,
    legalComments: 'none',
    charset: 'utf8',
    sourcemap: 'external',
    sourcesContent: true,
    metafile: true,
    logLevel: 'silent',
    plugins: [webAssemblyPlugin(), rawTextPlugin(), nodeCompatibilityPlugin(), ...(globals === undefined ? [] : [globals.plugin])],
  }) satisfies BuildOptions

type Outcome = BuildResult<ReturnType<typeof buildOptions>>

function messagesOf(error: unknown): readonly Message[] | undefined {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors) ? error.errors : undefined
}

const isTopLevelAwait = ({ text }: Message): boolean => text.startsWith('Top-level await is not available')

interface Built extends Script {
  readonly output: Metafile['outputs'][string]
  readonly awaits: boolean
}

/** What esbuild wrote. Throws what is wrong with it. */
function readOutcome(result: Outcome, awaits: boolean, entry: string): Built {
  const code = result.outputFiles.find(({ path }) => path.endsWith('.js'))?.text
  const map = result.outputFiles.find(({ path }) => path.endsWith('.map'))?.text
  const output: Metafile['outputs'][string] | undefined = result.metafile.outputs[bundleFileName]
  if (code === undefined || map === undefined || output === undefined) {
    throw new SkerryError('bundle_failed', `${entry}: esbuild gave no output`)
  }
  checkOutput(output, Buffer.byteLength(code), entry)
  return { code, map, output, awaits }
}

const exportsPattern = /\bexport\s*\{([^{}]*)\};?\n?/g
const comments = /\/\*[^]*?\*\/|\/\/.*/g

/**
 * The exports on a line of their own at the very end, the default one first: so the cell finds them. esbuild may write licences behind them. As it
 * was where that is not what there is.
 */
function withExportsLast(code: string): string {
  const match = [...code.matchAll(exportsPattern)].at(-1)
  if (match === undefined) return code
  const behind = code.slice(match.index + match[0].length)
  if (behind.replaceAll(comments, '').trim() !== '') return code
  const names = (match[1] ?? '').split(',').map((name) => name.trim()).filter((name) => name !== '')
  const first = names.find((name) => name.endsWith(' as default'))
  if (first === undefined) return code
  const list = [first, ...names.filter((name) => name !== first)].join(', ')
  return `${code.slice(0, match.index).trimEnd()}\n${behind.trim()}\nexport { ${list} };\n`
}

/** Opens a bundler for one function; `dispose` it. Throws `bundle_failed` where esbuild refuses the options. */
export async function createBundler(source: BundleSource): Promise<Bundler> {
  const directory = resolve(source.directory)
  const main = resolve(directory, source.main)
  const entry = relative(directory, main)
  const contexts = new Map<string, BuildContext<ReturnType<typeof buildOptions>>>()

  const open = async (variant: Variant): Promise<BuildContext<ReturnType<typeof buildOptions>>> => {
    const { globals } = variant
    const key = `${variant.awaits}:${globals.join()}`
    const opened = contexts.get(key) ?? (await context(buildOptions(source, variant, globals.length === 0 ? undefined : withGlobals(globals, main))))
    contexts.set(key, opened)
    return opened
  }
  const build = async (globals: readonly string[], awaits = false): Promise<Built> => {
    const esbuild = await open({ globals, awaits })
    try {
      return readOutcome(await esbuild.rebuild(), awaits, entry)
    } catch (error) {
      const messages = messagesOf(error)
      if (messages === undefined) throw error
      if (!awaits && messages.some(isTopLevelAwait)) return build(globals, true)
      throw bundleFailure(messages)
    }
  }
  await open({ globals: [], awaits: false })
  return {
    async rebuild() {
      const first = await build([])
      const globals = findFreeGlobals(first.code)
      const built = globals.length === 0 ? first : await build(globals, first.awaits)
      const followsContext = Object.keys(built.output.inputs).some((path) => resolve(directory, path) === asyncHooksFile)
      const { code, map } = followsContext ? await lowerAsync(built, built.awaits) : built
      const script = new TextEncoder().encode(built.awaits ? code : `${withExportsLast(code)}${synchronousMark}`)
      checkOutput(built.output, script.byteLength, entry)
      const hash = createHash('sha256').update(script).digest('hex')
      return { script, sourceMap: map, hash, bytes: script.byteLength, inputs: inputsOf(built.output) }
    },
    async dispose() {
      await Promise.all(Array.from(contexts.values(), (esbuild) => esbuild.dispose()))
    },
  }
}

/** Bundles a function once. Throws `bundle_failed` (with file and line) or `script_too_large` (with the largest inputs). */
export async function bundleFunction(source: BundleSource): Promise<Bundle> {
  const bundler = await createBundler(source)
  try {
    return await bundler.rebuild()
  } finally {
    await bundler.dispose()
  }
}
