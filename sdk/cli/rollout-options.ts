import { type Command, InvalidArgumentError, Option } from 'commander'
import type { RolloutSettings } from '../../control-plane/protocol/index.ts'
import { parseDuration } from './duration.ts'
import { parseNumber } from './options.ts'

export interface RolloutOptions {
  readonly rollout?: readonly number[]
  readonly every?: number
  readonly maxErrorIncrease?: number
  readonly maxLatencyFactor?: number
  readonly minRequests?: number
}

function parseSteps(text: string): readonly number[] {
  const steps = text.split(',').map((step) => parseNumber(0, 100)(step.trim()))
  const isAscending = steps.every((step, index) => step > (steps[index - 1] ?? 0))
  if (steps.length < 2 || !isAscending || steps.at(-1) !== 100) throw new InvalidArgumentError('Steps are percents that ascend to 100, such as 1,10,50,100.')
  return steps
}

/** Flags with which a version gets its share step by step. */
export const withRollout = (command: Command): Command =>
  command
    .addOption(new Option('--rollout <steps>', 'give the new version its share by steps, such as 1,10,50,100, and take it back where it is worse').argParser(parseSteps).conflicts('percent'))
    .option('--every <time>', 'how long each step is held at least (5m)', parseDuration)
    .option('--max-error-increase <points>', 'by so many percentage points more of its requests may fail (1)', parseNumber(0, 100))
    .option('--max-latency-factor <n>', 'so many times the old 99th percentile of latency may be its own (1.5)', parseNumber(1, 1_000))
    .option('--min-requests <n>', 'a step is judged by so many requests of each side at least (100)', parseNumber(20, 1_000_000))

/** What the flags say; undefined where no roll-out is asked for. A usage error where they make no sense without one. */
export function readRollout(command: Command, options: RolloutOptions): RolloutSettings | undefined {
  const { rollout: steps, every, maxErrorIncrease, maxLatencyFactor, minRequests } = options
  if (steps === undefined) {
    const isStray = [every, maxErrorIncrease, maxLatencyFactor, minRequests].some((flag) => flag !== undefined)
    return isStray ? command.error('error: --every and the margins go with --rollout STEPS') : undefined
  }
  return {
    steps: [...steps],
    everySeconds: every ?? 300,
    margins: { errorPoints: maxErrorIncrease ?? 1, latencyFactor: maxLatencyFactor ?? 1.5, minimumRequests: minRequests ?? 100 },
  }
}
