import type { Actions } from './actions.ts'
import type { Deployer } from './deployer.ts'
import { functionNames } from './functions.ts'
import type { Random } from '../helpers/random.ts'
import type { Timeline } from './timeline.ts'

export interface ScheduleOptions {
  readonly actions: Actions
  readonly deployer: Deployer
  readonly timeline: Timeline
  readonly random: Random
  readonly untilMs: number
}

const leastPauseMs = 400
const mostPauseMs = 1_800

/** Does one thing after another at random until its time is up, and resolves when what was disrupted works again. Rejects where it does not. */
export async function runSchedule({ actions, deployer, timeline, random, untilMs }: ScheduleOptions): Promise<void> {
  const deploy = async (): Promise<boolean> => {
    const name = random.pick(functionNames)
    const version = deployer.newest(name) + 1
    await deployer.deployNext(name).then(
      () => timeline.note(`version ${version} of ${name} was deployed`),
      (error: unknown) => timeline.note(`version ${version} of ${name} was not deployed: ${String(error).slice(0, 200)}`),
    )
    return true
  }
  const all = [
    () => actions.killCell(), () => actions.killNode(), () => actions.killGateway(), () => actions.stopNode(), () => actions.stopCell(),
    () => actions.killControlPlane(), deploy,
  ] as const
  const weighted = [...all, all[0], all[0], all[0], all[0], all[1], all[2], all[4], deploy] as const
  const failures: unknown[] = []
  const running = new Set<Promise<unknown>>()
  /** First everything once, so that a short run has each; then by weight. */
  const owed: (() => Promise<boolean>)[] = [...all]
  while (performance.now() < untilMs && failures.length === 0) {
    const first = owed.shift()
    const act = first ?? random.pick(weighted)
    const acting = act()
      .then((done) => {
        if (!done && first !== undefined) owed.push(first)
      }, (error: unknown) => failures.push(error))
      .finally(() => running.delete(acting))
    running.add(acting)
    await new Promise((resolve) => setTimeout(resolve, random.between(leastPauseMs, mostPauseMs)))
  }
  await Promise.all(running)
  if (failures.length > 0) throw new AggregateError(failures, 'not everything came back that was disrupted')
}
