import type { Random } from '../../helpers/random.ts'
import type { Disruption } from '../history.ts'
import type { Disturbable } from '../processes/link.ts'

/** A process that can be killed and stopped. */
export interface Victim {
  readonly name: string
  kill(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void> | void
  resume(): void
}

/** Processes of one kind, of which so many may be disturbed at a time; all of them now and then. */
export interface VictimGroup {
  readonly name: string
  readonly victims: readonly [Victim, ...Victim[]]
  readonly atATime: number
  readonly weight: number
}

export interface NamedLink {
  readonly name: string
  readonly link: Disturbable
}

export interface NemesisOptions {
  readonly groups: readonly VictimGroup[]
  readonly links: readonly [NamedLink, ...NamedLink[]]
  readonly random: Random
  readonly disruptions: Disruption[]
}

const ways = ['cut', 'hold', 'hold there', 'hold back'] as const
const leastPauseMs = 300
const mostPauseMs = 2_200
const linkWeight = 4

/** Kills, stops and cuts at random, and puts right again what it did, each after a while of its own. */
export class Nemesis {
  readonly counts = new Map<string, number>()
  readonly #options: NemesisOptions
  readonly #busy = new Set<string>()
  readonly #undoing = new Set<Promise<void>>()
  readonly #failures: unknown[] = []

  constructor(options: NemesisOptions) {
    this.#options = options
  }

  /** Resolves when time is up and everything is whole again; rejects where something did not come back. */
  async run(untilMs: number): Promise<void> {
    const { random, groups } = this.#options
    const choices: (() => void)[] = groups.flatMap((group) => Array.from({ length: group.weight }, () => () => this.#disturb(group, random.between(1, 3) > 1)))
    choices.push(...Array.from({ length: linkWeight }, () => () => this.#part(random.pick(ways))))
    /** First everything once, so that a short run has each. */
    const owed = [...groups.flatMap((group) => [() => this.#disturb(group, true), () => this.#disturb(group, false)]), ...ways.map((way) => () => this.#part(way))]
    while (performance.now() < untilMs && this.#failures.length === 0) {
      const act = owed.shift() ?? choices[random.between(0, choices.length - 1)]
      act?.()
      await pause(random.between(leastPauseMs, mostPauseMs))
    }
    await Promise.all(this.#undoing)
    if (this.#failures.length > 0) throw new AggregateError(this.#failures, 'not everything came back')
  }

  #disturb(group: VictimGroup, isKill: boolean): void {
    const { random } = this.#options
    const free = group.victims.filter(({ name }) => !this.#busy.has(name))
    const isAll = group.victims.length > 1 && random.between(1, 12) === 1
    const room = isAll ? free.length : Math.min(1, group.atATime - (group.victims.length - free.length))
    const shuffled = free.toSorted(() => random.next() - 0.5).slice(0, Math.max(0, room))
    for (const victim of shuffled) {
      const forMs = random.between(1, 5) === 1 ? random.between(4_000, 9_000) : random.between(50, 2_000)
      this.#note(`${isKill ? 'kill' : 'stop'} ${group.name}`, `${victim.name} is ${isKill ? 'killed' : 'stopped'}`)
      this.#undo(victim.name, async () => {
        if (isKill) await victim.kill()
        else await victim.stop()
        await pause(forMs)
        if (isKill) await victim.start()
        else victim.resume()
        this.#options.disruptions.push({ atMs: performance.now(), text: `${victim.name} is back` })
      })
    }
  }

  #part(how: (typeof ways)[number]): void {
    const { random, links } = this.#options
    const { name, link } = random.pick(links)
    if (this.#busy.has(name)) return
    if (how === 'cut') link.cut()
    else link.hold(how === 'hold' ? ['there', 'back'] : [how === 'hold there' ? 'there' : 'back'])
    this.#note(how, `${name}: ${how}`)
    const forMs = random.between(1, 4) === 1 ? random.between(5_000, 14_000) : random.between(100, 3_000)
    this.#undo(name, async () => {
      await pause(forMs)
      link.heal()
      this.#options.disruptions.push({ atMs: performance.now(), text: `${name} is whole` })
    })
  }

  #note(kind: string, text: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
    this.#options.disruptions.push({ atMs: performance.now(), text })
  }

  #undo(name: string, run: () => Promise<void>): void {
    this.#busy.add(name)
    const undoing = run()
      .catch((error: unknown) => void this.#failures.push(error))
      .finally(() => {
        this.#busy.delete(name)
        this.#undoing.delete(undoing)
      })
    this.#undoing.add(undoing)
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })
}
