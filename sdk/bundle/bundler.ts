import { type BuildOptions, type BuildResult, context, type Message, type Metafile } from 'esbuild'
import { createHash } from 'node:crypto'
import { join, relative, resolve } from 'node:path'
import { SkerryError } from '../../errors/index.ts'
import { type BundleInput, bundleFailure, checkOutput, inputsOf } from './complaints.ts'
import { bundleFileName } from '../source-map/index.ts'
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

const buildOptions = ({ directory, main }: BundleSource) =>
  ({
    absWorkingDir: resolve(directory),
    entryPoints: [resolve(directory, main)],
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
    define: { 'process.env.NODE_ENV': '"production"' },
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
    plugins: [webAssemblyPlugin()],
  }) satisfies BuildOptions

type Outcome = BuildResult<ReturnType<typeof buildOptions>>

function messagesOf(error: unknown): readonly Message[] | undefined {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors) ? error.errors : undefined
}

function toBundle(result: Outcome, entry: string): Bundle {
  const script = result.outputFiles.find(({ path }) => path.endsWith('.js'))?.contents
  const sourceMap = result.outputFiles.find(({ path }) => path.endsWith('.map'))?.text
  const output: Metafile['outputs'][string] | undefined = result.metafile.outputs[bundleFileName]
  if (script === undefined || sourceMap === undefined || output === undefined) {
    throw new SkerryError('bundle_failed', `${entry}: esbuild gave no output`)
  }
  checkOutput(output, script.byteLength, entry)
  const hash = createHash('sha256').update(script).digest('hex')
  return { script, sourceMap, hash, bytes: script.byteLength, inputs: inputsOf(output) }
}

/** Opens a bundler for one function; `dispose` it. Throws `bundle_failed` where esbuild refuses the options. */
export async function createBundler(source: BundleSource): Promise<Bundler> {
  const entry = relative(resolve(source.directory), resolve(source.directory, source.main))
  const esbuild = await context(buildOptions(source))
  return {
    async rebuild() {
      const result = await esbuild.rebuild().catch((error: unknown) => {
        const messages = messagesOf(error)
        throw messages === undefined ? error : bundleFailure(messages)
      })
      return toBundle(result, entry)
    },
    dispose: () => esbuild.dispose(),
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
