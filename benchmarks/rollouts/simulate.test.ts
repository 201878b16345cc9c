import { expect, it } from 'vitest'
import { verdictEvidence } from '../../control-plane/releases/judge.ts'
import { judgeBy, judgeRaw, repeat, type Scenario } from './simulate.ts'

const scenario = (failing: number, newFailing: number): Scenario => ({ requestsPerSecond: 5, old: { failing, medianMs: 20 }, fresh: { failing: newFailing, medianMs: 20 } })

it('takes back what fails always within a minute or so, and nothing that is as good as before', () => {
  const judge = judgeBy(verdictEvidence)
  expect(repeat(scenario(0.01, 0.01), judge, 10, 1).rolledBack).toBe(0)
  expect(repeat(scenario(0.01, 0.01), judgeRaw, 10, 1).rolledBack).toBeGreaterThan(0.5)
  const { rolledBack, medianSeconds, medianHarmed } = repeat(scenario(0.01, 1), judge, 10, 2)
  expect(rolledBack).toBe(1)
  expect(medianSeconds).toBeLessThan(120)
  expect(medianHarmed).toBeLessThan(10)
})
