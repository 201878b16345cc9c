import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { closest } from '../project/index.ts'
import { SkerryError } from '../../errors/index.ts'

export interface Template {
  readonly name: string
  readonly description: string
}

export interface CreatedProject {
  readonly directory: string
  readonly name: string
  readonly template: string
  /** Relative to the folder. */
  readonly files: readonly string[]
}

const templatesDirectory = join(import.meta.dirname, 'files')
const descriptions: Readonly<Record<string, string>> = {
  hello: 'one function in TypeScript',
  hono: 'routes and middleware with Hono',
  'json-api': 'a JSON API with checked input, without dependencies',
}
/** npm leaves `.gitignore` out of packages, so it is stored without its dot. */
const storedNames: Readonly<Record<string, string>> = { gitignore: '.gitignore' }

/** The templates that come with Skerry. */
export async function listTemplates(): Promise<readonly Template[]> {
  const entries = await readdir(templatesDirectory)
  return entries.toSorted().map((name) => ({ name, description: descriptions[name] ?? '' }))
}

/** A folder's name as a function's name. */
export function functionNameOf(directory: string): string {
  const name = basename(directory)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 35)
    .replace(/-+$/, '')
  return name === '' ? 'hello' : name
}

/**
 * Writes a template into a folder, which may exist but must hold none of its files; `skerry` is where its package.json has Skerry from. Throws `invalid_request` for an unknown
 * template and `conflict` for files in the way; then nothing was written.
 */
export async function createProject(directory: string, templateName: string, skerry: string): Promise<CreatedProject> {
  const templates = (await listTemplates()).map(({ name }) => name)
  if (!templates.includes(templateName)) {
    const suggestion = closest(templateName, templates)
    const hint = suggestion === undefined ? `There are ${templates.join(', ')}` : `Did you mean ${suggestion}?`
    throw new SkerryError('invalid_request', `There is no template "${templateName}". ${hint}`, { field: 'template' })
  }
  const source = join(templatesDirectory, templateName)
  const entries = await readdir(source, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => relative(source, join(entry.parentPath, entry.name)))
  const targets = paths.toSorted().map((path) => ({ path, target: storedNames[path] ?? path }))
  const existing = new Set(await readdir(directory, { recursive: true }).catch(() => []))
  const inTheWay = targets.filter(({ target }) => existing.has(target)).map(({ target }) => target)
  if (inTheWay.length > 0) {
    throw new SkerryError('conflict', `${directory} already has ${inTheWay.join(', ')}; choose another folder. Nothing was written`)
  }
  const name = functionNameOf(directory)
  for (const { path, target } of targets) {
    const content = await readFile(join(source, path), 'utf8')
    await mkdir(dirname(join(directory, target)), { recursive: true })
    await writeFile(join(directory, target), content.replaceAll('__NAME__', name).replaceAll('__SKERRY__', skerry))
  }
  return { directory, name, template: templateName, files: targets.map(({ target }) => target) }
}
