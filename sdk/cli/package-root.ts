import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folder of Skerry's own package.json: the checkout, or the package in node_modules. */
export function packageRoot(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'bin', 'skerry.js'))) return folder
    if (dirname(folder) === folder) throw new Error(`The package of skerry is incomplete: no package.json above ${import.meta.dirname}`)
  }
}
