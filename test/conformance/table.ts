import type { Outcomes } from './run.ts'
import type { RuntimeName } from './runtimes/runtime.ts'
import type { Folder } from './suite.ts'

interface Score {
  files: number
  total: number
  readonly passed: Map<RuntimeName, number>
}

/**
 * Counts subtests: those that Skerry reported, and those that all of the others did, so that who breaks off early does not look better for it.
 * What only one of the others reported is a name that depends on where it runs, unless Skerry broke off. A file that reports none counts as one.
 */
export class ScoreTable {
  readonly #scores = new Map<Folder, Score>()
  readonly #runtimes: readonly RuntimeName[]

  constructor(runtimes: readonly RuntimeName[]) {
    this.#runtimes = runtimes
  }

  add(folder: Folder, outcomes: Outcomes): void {
    const score = this.#scores.get(folder) ?? { files: 0, total: 0, passed: new Map() }
    this.#scores.set(folder, score)
    score.files += 1
    const names = countedNames(outcomes)
    score.total += Math.max(names.size, 1)
    for (const [runtime, { subtests }] of outcomes) {
      const passed = subtests.filter(({ name, status }) => status === 'PASS' && names.has(name))
      score.passed.set(runtime, (score.passed.get(runtime) ?? 0) + passed.length)
    }
  }

  toMarkdown(): string {
    const header = ['folder', 'files', 'subtests', ...this.#runtimes]
    const rows = [...this.#scores].map(([folder, score]) => this.#row(folder, score))
    const all: Score = { files: 0, total: 0, passed: new Map() }
    for (const score of this.#scores.values()) {
      all.files += score.files
      all.total += score.total
      for (const [runtime, passed] of score.passed) all.passed.set(runtime, (all.passed.get(runtime) ?? 0) + passed)
    }
    const lines = [header, header.map((_, index) => (index === 0 ? '---' : '--:')), ...rows, this.#row('all', all)]
    return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
  }

  #row(title: string, { files, total, passed }: Score): string[] {
    return [title, String(files), String(total), ...this.#runtimes.map((runtime) => share(passed.get(runtime) ?? 0, total))]
  }
}

function countedNames(outcomes: Outcomes): ReadonlySet<string> {
  const reported = [...outcomes].map(([runtime, { status, subtests }]) => ({ runtime, status, names: new Set(subtests.map(({ name }) => name)) }))
  const own = reported.find(({ runtime }) => runtime === 'skerry')
  const others = reported.filter(({ runtime }) => runtime !== 'skerry').map(({ names }) => names)
  const first = others.shift() ?? new Set<string>()
  const isWhole = own?.status === 'OK'
  const theirs = others.reduce((counted, names) => (isWhole ? counted.intersection(names) : counted.union(names)), first)
  return theirs.union(own?.names ?? new Set())
}

function share(passed: number, total: number): string {
  return `${passed} (${((100 * passed) / total).toFixed(1)} %)`
}
