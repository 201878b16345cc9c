import type { Comparison, RolloutInfo } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import type { SkerryClient } from '../client/index.ts'
import type { Reporter } from './reporter.ts'
import { formatTime } from './time-text.ts'

/** A roll-out that is not over, in a few words. */
export function rolloutInShort({ state, percent, steps, step }: Pick<RolloutInfo, 'state' | 'percent' | 'steps' | 'step'>): string {
  return `roll-out ${state} at ${percent} %, step ${step + 1} of ${steps.length}`
}

export function isActive({ state }: Pick<RolloutInfo, 'state'>): boolean {
  return state === 'running' || state === 'paused'
}

/** The roll-out of a function that is not over, if there is one. */
export async function findRollout(client: SkerryClient, name: string): Promise<RolloutInfo | undefined> {
  try {
    const rollout = await client.rollouts.read(name)
    return isActive(rollout) ? rollout : undefined
  } catch (error) {
    if (error instanceof SkerryError && error.code === 'not_found') return undefined
    throw error
  }
}

function describeComparison({ function: name, newRequests, oldRequests, newErrorPercent, oldErrorPercent, newP99Ms, oldP99Ms }: Comparison): string {
  const milliseconds = (value: number | undefined): string => (value === undefined ? '-' : `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`)
  return `  ${name}: new ${newRequests} requests, ${newErrorPercent} % failed, p99 ${milliseconds(newP99Ms)}; old ${oldRequests}, ${oldErrorPercent} %, ${milliseconds(oldP99Ms)}`
}

/** All of a roll-out for people. */
export function showRollout(rollout: RolloutInfo, reporter: Reporter): void {
  const names = rollout.functions.map(({ name, version }) => `${name} ${version}`).join(', ')
  reporter.show(`${reporter.bold(names)}: ${isActive(rollout) ? rolloutInShort(rollout) : `roll-out ${rollout.state}`}`)
  for (const { timeMs, event, percent, detail } of rollout.history) {
    const text = detail === '' ? '' : `: ${detail}`
    reporter.show(`  ${formatTime(timeMs)}  ${event} (${percent} %)${text}`)
  }
  for (const comparison of rollout.comparisons) reporter.show(describeComparison(comparison))
  if (rollout.waitsFor !== undefined) reporter.show(reporter.dim(`waits for ${rollout.waitsFor}`))
}
