import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** The folder of Skerry's own package.json: the checkout, or the package in node_modules. */
export function packageRoot(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'bin', 'skerry.js'))) return folder
    if (dirname(folder) === folder) throw new Error(`The package of skerry is incomplete: no package.json above ${import.meta.dirname}`)
  }
}

/** The version in Skerry's own package.json. */
export function productVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'))
  const version: unknown = typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, 'version') : undefined
  return typeof version === 'string' ? version : 'unknown'
}

/** What a new project's package.json says of Skerry: this version, or this checkout, which no registry has. */
export function skerryDependency(directory: string): string {
  const root = packageRoot()
  return existsSync(join(root, 'sdk', 'cli', 'main.ts')) ? `file:${relative(directory, root)}` : `^${productVersion()}`
}
