import { build } from 'esbuild'
import { join } from 'node:path'

/**
 * `skerry/invoke` as browsers load it: one module without imports, so that it works from a bundler and from a script tag alike. Fails where
 * anything of Node is in it.
 */
export async function buildInvokerForBrowsers(options: { readonly minify?: boolean } = {}): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, '..', 'sdk', 'invoke', 'browser.ts')],
    bundle: true, write: false, platform: 'browser', format: 'esm', target: 'es2023', legalComments: 'none', charset: 'utf8',
    // Pages that forbid eval need not hear that zod would have liked it; the setting is the bundle's alone.
    define: { 'globalThis.__zod_globalConfig': '{"jitless":true}' }, minify: options.minify ?? false,
  })
  return outputFiles[0]?.text ?? ''
}
