import { existsSync, realpathSync, statSync } from 'node:fs'
import { dirname, extname, isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { SkerryError } from '../../errors/index.ts'
import { findCellBundle } from './cell-bundle.ts'

const runtimeDirectory = dirname(dirname(fileURLToPath(import.meta.url)))
const searchableByAll = 0o001
const extension = extname(fileURLToPath(import.meta.url))

const cellBundle = findCellBundle()

/** The scripts that run in processes of their own; `.ts` from sources, unless there is a bundle of them, `.js` from the package. */
export const cellEntry = cellBundle ?? join(runtimeDirectory, 'cell', `main${extension}`)
export const snapshotEntry = join(runtimeDirectory, 'cell', `build-snapshot${extension}`)

/** Something that a cell may read: where it looks for it, and where it really is (package managers link). */
export interface Readable {
  readonly path: string
  readonly target: string
}

/** A package as code in `directory` finds it, or undefined. */
function findPackage(name: string, directory: string): Readable | undefined {
  for (let at = directory; at !== dirname(at); at = dirname(at)) {
    const path = join(at, 'node_modules', name)
    if (existsSync(path)) return { path, target: realpathSync(path) }
  }
  return undefined
}

/** What a cell may read: its code, the packages that it loads, and the package.json that says it is ESM. */
export function readablePaths(): Readable[] {
  const code = cellBundle === undefined ? runtimeDirectory : dirname(cellBundle)
  const paths: Readable[] = [{ path: code, target: code }]
  for (let at = runtimeDirectory; at !== dirname(at); at = dirname(at)) {
    const file = join(at, 'package.json')
    if (!existsSync(file)) continue
    paths.push({ path: file, target: file })
    break
  }
  const vm = findPackage('isolated-vm', runtimeDirectory)
  if (vm === undefined) throw new SkerryError('internal_error', 'The package isolated-vm is not installed; run npm install again')
  // In bubblewrap isolated-vm stands where it is looked for, so what it needs must stand beside it.
  const loader = findPackage('node-gyp-build', vm.target)
  paths.push(vm)
  const codecs = findPackage('@exodus/bytes', runtimeDirectory)
  if (codecs !== undefined) paths.push(codecs)
  if (loader !== undefined) paths.push({ path: join(dirname(vm.path), 'node-gyp-build'), target: loader.target })
  return paths
}

/** Whether a user that owns nothing gets to what a cell reads: every folder on the way lets everybody through. */
export function isOpenToAll(): boolean {
  return [process.execPath, ...readablePaths().map(({ target }) => target)].every((path) => {
    for (let at = dirname(path); ; at = dirname(at)) {
      if ((statSync(at).mode & searchableByAll) === 0) return false
      if (at === dirname(at)) return true
    }
  })
}

/** Where libraries are, whole, for where it is not known which of them Node needs. */
export const libraryDirectories: readonly string[] = ['/lib', '/lib64', '/usr/lib', '/usr/lib64']

const reportSchema = z.object({ sharedObjects: z.array(z.string()) })

/**
 * The shared libraries of Node and the loader that brings them, as this very process has them loaded: a cell runs the same Node.
 * What isolated-vm needs of the C++ library is among them. Without the native parts of packages.
 */
export function loadedLibraries(): string[] {
  // Its declaration lacks what it has since Node 22: without it each open connection's address would be looked up by name.
  const report: (NodeJS.ProcessReport & { excludeNetwork?: boolean }) | undefined = process.report
  if (report === undefined) return []
  const { excludeNetwork = false } = report
  report.excludeNetwork = true
  const { sharedObjects } = reportSchema.parse(report.getReport())
  report.excludeNetwork = excludeNetwork
  return sharedObjects.filter((path) => isAbsolute(path) && path !== process.execPath && !path.endsWith('.node') && existsSync(path))
}
