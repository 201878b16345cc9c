import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Outcome, Outcomes } from './outcome.ts'

/** One function that means harm, with what it must come to. */
export interface Attack {
  readonly theme: string
  /** `THEME-NAME`: it is deployed as this. */
  readonly functionName: string
  /** The module as it stands; never to be evaluated outside a cell. */
  readonly script: string
  readonly outcome: Outcome
}

export interface Theme {
  readonly name: string
  readonly attacks: readonly Attack[]
}

/** Reads the folders beside this file: each is a theme, with a file for each function and their `outcomes.ts`. Throws where a file has no outcome, or an outcome no file. */
export async function loadCorpus(): Promise<readonly Theme[]> {
  const entries = await readdir(import.meta.dirname, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name).toSorted()
  return Promise.all(names.map(loadTheme))
}

async function loadTheme(theme: string): Promise<Theme> {
  const directory = join(import.meta.dirname, theme)
  const { outcomes } = (await import(join(directory, 'outcomes.ts'))) as { outcomes: Outcomes }
  const scripts = (await readdir(directory)).filter((name) => name.endsWith('.js')).map((name) => name.slice(0, -3))
  const unmatched = new Set(scripts).symmetricDifference(new Set(Object.keys(outcomes)))
  if (unmatched.size > 0) throw new Error(`corpus/${theme}: a function without an outcome, or the reverse: ${[...unmatched].join(', ')}`)
  const attacks = Object.entries(outcomes).map(async ([name, outcome]) => ({
    theme, outcome, functionName: `${theme}-${name}`, script: await readFile(join(directory, `${name}.js`), 'utf8'),
  }))
  return { name: theme, attacks: await Promise.all(attacks) }
}
