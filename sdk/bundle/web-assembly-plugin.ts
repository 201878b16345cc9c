import type { Plugin } from 'esbuild'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'

const bytesNamespace = 'skerry-wasm-bytes'

/**
 * `import module from './x.wasm'` (also with `?module`) gives a compiled `WebAssembly.Module`, as in Cloudflare Workers. The
 * bytes travel in the script.
 */
export function webAssemblyPlugin(): Plugin {
  return {
    name: 'skerry-web-assembly',
    setup(build) {
      build.onResolve({ filter: /\.wasm\?module$/ }, async ({ path, ...rest }) => {
        const { kind, importer, resolveDir } = rest
        return build.resolve(path.slice(0, -'?module'.length), { kind, importer, resolveDir })
      })
      build.onResolve({ filter: new RegExp(`^${bytesNamespace}:`) }, ({ path }) => ({
        path: path.slice(bytesNamespace.length + 1),
        namespace: bytesNamespace,
      }))
      build.onLoad({ filter: /\.wasm$/, namespace: 'file' }, ({ path }) => ({
        contents: `import bytes from ${JSON.stringify(`${bytesNamespace}:${path}`)}\nexport default new WebAssembly.Module(bytes)`,
        loader: 'js',
        watchFiles: [path],
      }))
      build.onLoad({ filter: /.*/, namespace: bytesNamespace }, async ({ path }) => ({
        contents: await readFile(resolve(path)),
        loader: 'binary',
      }))
    },
  }
}
