import type { Plugin } from 'esbuild'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

const namespace = 'skerry-raw'

/** `import text from './x?raw'` gives any file as text. */
export function rawTextPlugin(): Plugin {
  return {
    name: 'skerry-raw-text',
    setup(build) {
      build.onResolve({ filter: /\?raw$/ }, async ({ path, kind, importer, resolveDir }) => {
        const bare = path.slice(0, -'?raw'.length)
        // A file is named as it stands: no endings are tried, and no package's own idea of it.
        if (/^\.{1,2}\//.test(bare)) return { path: join(resolveDir, bare), namespace }
        const resolved = await build.resolve(bare, { kind, importer, resolveDir })
        return resolved.errors.length > 0 ? resolved : { path: resolved.path, namespace }
      })
      build.onLoad({ filter: /.*/, namespace }, async ({ path }) => ({ contents: await readFile(path), loader: 'text', watchFiles: [path] }))
    },
  }
}
