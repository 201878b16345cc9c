import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { fillSections } from '../scale/document/sections.ts'
import { drawMap } from './map.ts'
import { tableOf } from './report.ts'
import { happensAt, scenarios } from './scenarios.ts'
import { simulate } from './simulate.ts'
import { createWorld } from './world.ts'

/** `npm run world [-- --seed N]`: who is sent where, all over the world, and what of it goes wrong; writes table and maps of docs/world.md. */

const { values } = parseArgs({ options: { seed: { type: 'string', default: '1' } } })
const documents = join(import.meta.dirname, '..', '..', 'docs')
const write = async (path: string, content: string): Promise<void> => {
  await writeFile(path, content)
  process.stdout.write(`${relative(process.cwd(), path)}\n`)
}

const world = createWorld({ seed: Number(values.seed), sites: 40, networksPerPlace: 10, demand: 100_000, headroom: 2 })
const outcomes = scenarios(world).map((scenario) => {
  process.stderr.write(`${scenario.name}: ${scenario.what}\n`)
  return { scenario, seconds: simulate(world, scenario) }
})
await mkdir(join(documents, 'world'), { recursive: true })
for (const { scenario, seconds } of outcomes.filter(({ scenario: { ranker } }) => ranker === 'map')) {
  const last = seconds.at(-1)
  if (last === undefined) continue
  const when = scenario.at === undefined ? '' : `, ${seconds.length - happensAt} s later`
  await write(join(documents, 'world', `${scenario.name.replaceAll(' ', '-')}.svg`), drawMap(world, last, scenario.name, `${scenario.what}${when}`))
}
const page = join(documents, 'world.md')
await write(page, fillSections(await readFile(page, 'utf8'), { scenarios: tableOf(outcomes) }))
