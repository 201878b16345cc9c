import { readdir } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { bundleFunction } from '../../../sdk/bundle/index.ts'
import { loadProject } from '../../../sdk/project/index.ts'

export interface ArtifactSize {
  readonly name: string
  readonly bytes: number
}

const root = join(import.meta.dirname, '..', '..', '..')
const fixtures = join(root, 'test', 'fixtures')
const benchmarked = join(root, 'benchmarks', 'functions')

/** What `skerry deploy` makes of functions that there are in this repository: the applications that are tested, and those that are benchmarked. Smallest first. */
export async function measureArtifacts(): Promise<readonly ArtifactSize[]> {
  const folders = (await readdir(fixtures)).filter((name) => name.startsWith('applications')).map((name) => join(fixtures, name))
  const projects = await Promise.all([...folders, join(root, 'examples', 'hello')].map(async (directory) => {
    const { functions } = await loadProject(directory)
    return functions.map(({ main }) => ({ directory, main }))
  }))
  const mains = [...projects.flat(), ...(await readdir(benchmarked)).map((main) => ({ directory: benchmarked, main }))]
  const sizes: ArtifactSize[] = []
  for (const { directory, main } of mains) {
    const { script } = await bundleFunction({ directory, main })
    sizes.push({ name: relative(root, resolve(directory, main)), bytes: script.byteLength })
  }
  return sizes.toSorted((first, second) => first.bytes - second.bytes)
}
