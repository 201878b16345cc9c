import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The cell's script in one piece, for cells that run from the sources: to strip the types of some fifty files at each start takes more CPU time (0.36 s)
 * than all else that a cell does until it is ready; from one piece that is 0.12 s. Made by tests and by `npm start`, and used where it is there, for
 * exactly these sources; kept beside the packages, whom it is trusted like.
 */
const runtimeDirectory = dirname(dirname(fileURLToPath(import.meta.url)))
const runsFromSource = import.meta.url.endsWith('.ts')
const folders = ['bridge', 'pipe', 'cell']

/** Where the bundle of these sources is; undefined where there is none. */
export function findCellBundle(): string | undefined {
  if (!runsFromSource) return undefined
  const path = bundlePath()
  return existsSync(path) ? path : undefined
}

/** Makes it where it is not there yet. Throws esbuild's BuildFailure, or the system's error where nothing can be written. */
export async function makeCellBundle(): Promise<void> {
  if (!runsFromSource) return
  const path = bundlePath()
  if (existsSync(path)) return
  const { build } = await import('esbuild')
  const result = await build({
    entryPoints: [join(runtimeDirectory, 'cell', 'main.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'esnext',
    // What a cell loads from packages, it finds where it would without a bundle.
    packages: 'external',
    logLevel: 'silent',
  })
  const [output] = result.outputFiles
  if (output === undefined) throw new Error('esbuild wrote no bundle of the cell')
  await mkdir(dirname(path), { recursive: true })
  const unfinished = `${path}.${process.pid}`
  await writeFile(unfinished, output.contents)
  await rename(unfinished, path)
}

/** Named after what it is made of. */
function bundlePath(): string {
  const hash = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)))
  for (const folder of folders) {
    const sources = readdirSync(join(runtimeDirectory, folder), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    for (const file of sources.toSorted()) hash.update(`\n${folder}/${file}\n`).update(readFileSync(join(runtimeDirectory, folder, file)))
  }
  return join(dirname(runtimeDirectory), 'node_modules', '.cache', 'skerry', hash.digest('hex').slice(0, 32), 'cell', 'main.mjs')
}
