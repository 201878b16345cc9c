import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { fillSections } from '../scale/document/sections.ts'
import { compareChoices } from './choices.ts'
import { measureDecisions } from './decisions.ts'
import { drawMap } from './map.ts'
import { mapMoment, mapOutcome } from './mapped.ts'
import { runReal } from './real/run.ts'
import { choiceTable, decisionTable, realTable, tableOf } from './report.ts'
import { happensAt, scenarios } from './scenarios.ts'
import { momentsPerSecond, simulate } from './simulate.ts'
import { createWorld } from './world.ts'

/**
 * `npm run world [-- --seed N]`: who is sent where, all over the world, and what of it goes wrong, in simulation. With `--real` a dozen real nodes with
 * gateways and name servers besides, in three minutes; with `--decisions` what one decision costs. Each writes its tables and maps of docs/world.md.
 */

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, real: { type: 'boolean', default: false }, decisions: { type: 'boolean', default: false } },
})
const seed = Number(values.seed)
const documents = join(import.meta.dirname, '..', '..', 'docs')
const page = join(documents, 'world.md')
const say = (line: string): void => void process.stderr.write(`${line}\n`)
const write = async (path: string, content: string): Promise<void> => {
  await writeFile(path, content)
  process.stdout.write(`${relative(process.cwd(), path)}\n`)
}
const picture = (name: string): string => join(documents, 'world', `${name.replaceAll(/[ ,]+/g, '-')}.svg`)

/** Fills some of the page's sections and leaves the others as they are. */
async function fill(sections: Readonly<Record<string, string>>): Promise<void> {
  const text = await readFile(page, 'utf8')
  const before = Object.fromEntries([...text.matchAll(/^<!-- ([a-z-]+) -->\n([\s\S]*?)\n?<!-- \/\1 -->$/gm)].map(([, name = '', content = '']) => [name, content]))
  await write(page, fillSections(text, { ...before, ...sections }))
}

await mkdir(join(documents, 'world'), { recursive: true })
if (values.decisions) await fill({ decisions: decisionTable(measureDecisions()) })
else if (values.real) {
  const { world, outcomes } = await runReal({ seed, sites: 12, gateways: 2, nameServers: 2, ttlSeconds: 5, draws: 60, perSecond: 20, headroom: 2 }, say)
  for (const outcome of outcomes) await write(picture(`real ${outcome.name}`), drawMap(mapOutcome(world, outcome)))
  await fill({ real: realTable(outcomes) })
} else {
  const world = createWorld({ seed, sites: 40, networksPerPlace: 10, demand: 100_000, headroom: 2 })
  const outcomes = scenarios(world).map((scenario) => {
    say(`${scenario.name}: ${scenario.what}`)
    return { scenario, moments: simulate(world, scenario) }
  })
  for (const { scenario, moments } of outcomes) {
    const last = moments.at(-1)
    if (last === undefined) continue
    const when = scenario.at === undefined ? '' : `, ${moments.length / momentsPerSecond - happensAt} s later`
    await write(picture(scenario.name), drawMap(mapMoment(world, scenario, last, when)))
  }
  await fill({ scenarios: tableOf(outcomes), choices: choiceTable(compareChoices()) })
}
