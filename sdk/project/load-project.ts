import { readFile, stat } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import type { FunctionProject } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import { parseProject } from './parse-project.ts'

export const projectFileNames = ['skerry.jsonc', 'skerry.json'] as const

/** A project as it stands on disk, checked. */
export interface Project {
  /** Absolute. */
  readonly directory: string
  /** Absolute path of the project file. */
  readonly file: string
  /** `main` is absolute. At least one; several are released as one group. */
  readonly functions: readonly FunctionProject[]
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then((found) => found.isFile(), () => false)
}

async function findProjectFile(directory: string): Promise<string> {
  for (const name of projectFileNames) {
    const candidate = join(directory, name)
    if (await isFile(candidate)) return candidate
  }
  throw new SkerryError('config_invalid', `There is no skerry.jsonc in ${directory}. Run \`skerry init\` there, or name the project's folder.`)
}

/** Reads and checks the project in a folder. Throws `config_invalid` with file, line and column. */
export async function loadProject(directory: string): Promise<Project> {
  const absolute = resolve(directory)
  const file = await findProjectFile(absolute)
  const shown = relative(process.cwd(), file).startsWith('..') ? file : relative(process.cwd(), file)
  const parsed = parseProject(await readFile(file, 'utf8'), shown)
  const functions = await Promise.all(
    parsed.functions.map(async (project, index) => {
      const main = resolve(absolute, project.main)
      if (!(await isFile(main))) throw parsed.complain(index, ['main'], `there is no file "${project.main}"`)
      return { ...project, main }
    }),
  )
  return { directory: absolute, file, functions }
}
