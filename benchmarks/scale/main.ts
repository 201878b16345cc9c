import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { pictures } from './document/pictures.ts'
import { fillSections } from './document/sections.ts'
import { tables } from './document/tables.ts'
import { figuresFile, readFigures } from './figures.ts'
import { measureAll } from './measure/measure.ts'
import { study } from './study.ts'

/** `npm run scale [-- --measure]`: computes the tables and pictures of docs/scale.md from what was measured, or measures that anew first. */

const { values } = parseArgs({ options: { measure: { type: 'boolean', default: false } } })
const documents = join(import.meta.dirname, '..', '..', 'docs')
const progress = (text: string): void => void process.stderr.write(`${text}\n`)
const write = async (path: string, content: string): Promise<void> => {
  await writeFile(path, content)
  process.stdout.write(`${relative(process.cwd(), path)}\n`)
}

if (values.measure) await write(figuresFile, `${JSON.stringify(await measureAll(progress), null, 2)}\n`)
const computed = study(readFigures(), undefined, progress)
await mkdir(join(documents, 'scale'), { recursive: true })
for (const [name, picture] of Object.entries(pictures(computed))) await write(join(documents, 'scale', name), picture)
const page = join(documents, 'scale.md')
await write(page, fillSections(await readFile(page, 'utf8'), tables(computed)))
