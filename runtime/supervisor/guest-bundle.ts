import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const sourceEntry = fileURLToPath(new URL('../guest/bootstrap.ts', import.meta.url))
/** Beside the built form of this file in the published package. */
const prebuiltScript = new URL('./guest.js', import.meta.url)
const runsFromSource = import.meta.url.endsWith('.ts')

/**
 * The script that makes a bare isolate a guest: one classic script that leaves `globalThis.__skerryBoot`. Bundled from the
 * sources (tens of milliseconds), or in the published package read from `guest.js`, which its build writes with `bundleGuest`.
 */
export async function buildGuestBundle(): Promise<string> {
  return runsFromSource ? bundleGuest() : readFile(prebuiltScript, 'utf8')
}

/** Bundles the guest's sources. Throws esbuild's BuildFailure. */
export async function bundleGuest(): Promise<string> {
  const { build } = await import('esbuild')
  const result = await build({
    entryPoints: [sourceEntry],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'neutral',
    // Neutral resolves nothing but `exports`: an isolate offers neither Node nor a DOM.
    // No conditions beyond those of `import` and `require`: a package that is required at first use comes as CommonJS, which is wrapped whole.
    conditions: [],
    mainFields: ['module', 'main'],
    target: 'esnext',
    minify: true,
    // Names show in stacks and `constructor.name`, and shorter ones restore no faster.
    minifyIdentifiers: false,
    legalComments: 'none',
    charset: 'ascii',
    logLevel: 'silent',
  })
  const [output] = result.outputFiles
  if (output === undefined) throw new Error('esbuild wrote no guest bundle')
  return output.text
}
