import { type BuildContext, type BuildOptions, type BuildResult, context, type Message, type Metafile } from 'esbuild'
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

/** Bundles one function again and again, keeping what has not changed. */
export interface Bundler {
  /** Throws `bundle_failed` or `script_too_large`. */
  rebuild(): Promise<Bundle>
  dispose(): Promise<void>
}

/** @param globals Node's globals that the bundle sets before it begins; undefined marks where it refers to them */
const buildOptions = ({ directory, main }: BundleSource, globals?: ReturnType<typeof withGlobals>) =>
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
    // What publishers of packages offer to Workers, then to browsers; never Node's variants.
    platform: 'browser',
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['browser', 'module', 'main'],
    loader: { '.txt': 'text', '.html': 'text', '.sql': 'text', '.md': 'text', '.bin': 'binary' },
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

interface Built extends Script {
  readonly output: Metafile['outputs'][string]
}

/** What esbuild wrote. Throws what is wrong with it. */
function readOutcome(result: Outcome, entry: string): Built {
  const code = result.outputFiles.find(({ path }) => path.endsWith('.js'))?.text
  const map = result.outputFiles.find(({ path }) => path.endsWith('.map'))?.text
  const output: Metafile['outputs'][string] | undefined = result.metafile.outputs[bundleFileName]
  if (code === undefined || map === undefined || output === undefined) {
    throw new SkerryError('bundle_failed', `${entry}: esbuild gave no output`)
  }
  checkOutput(output, Buffer.byteLength(code), entry)
  return { code, map, output }
}

/** Opens a bundler for one function; `dispose` it. Throws `bundle_failed` where esbuild refuses the options. */
export async function createBundler(source: BundleSource): Promise<Bundler> {
  const directory = resolve(source.directory)
  const main = resolve(directory, source.main)
  const entry = relative(directory, main)
  /** By the globals that they set, in the order of their names; the first sets none, and tells which are referred to. */
  const contexts = new Map<string, BuildContext<ReturnType<typeof buildOptions>>>([['', await context(buildOptions(source))]])

  const build = async (globals: readonly string[]): Promise<Built> => {
    const key = globals.join()
    const esbuild = contexts.get(key) ?? (await context(buildOptions(source, withGlobals(globals, main))))
    contexts.set(key, esbuild)
    const result = await esbuild.rebuild().catch((error: unknown) => {
      const messages = messagesOf(error)
      throw messages === undefined ? error : bundleFailure(messages)
    })
    return readOutcome(result, entry)
  }
  return {
    async rebuild() {
      const first = await build([])
      const globals = findFreeGlobals(first.code)
      const built = globals.length === 0 ? first : await build(globals)
      const followsContext = Object.keys(built.output.inputs).some((path) => resolve(directory, path) === asyncHooksFile)
      const { code, map } = followsContext ? await lowerAsync(built) : built
      const script = new TextEncoder().encode(code)
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
