import type { Scenario } from './simulate.ts'

const usual = { serviceMs: 4, requestsPerSecond: 5, minutes: 60 } as const
const everywhere = ['iad', 'fra', 'sin', 'gru', 'syd', 'nrt', 'jnb', 'dxb', 'sfo', 'bom']

/** Where the requests come in. */
export const doors = ['fra', 'iad', 'sfo', 'gru', 'sin', 'syd', 'bom', 'jnb'] as const

/** Back ends, and what happens to them. */
export const scenarios: ReadonlyArray<readonly [name: string, scenario: Scenario]> = [
  ...[1, 2, 3, 5, 8].map((rounds) => [`Washington, ${rounds} ${rounds === 1 ? 'round' : 'rounds'}`, { ...usual, backEnds: ['iad'], rounds: [rounds] }] as const),
  ['Sydney, half without any, else 2 or 8', { ...usual, backEnds: ['syd'], rounds: [0, 0, 2, 8] }],
  ['moves from Washington to Singapore', { ...usual, backEnds: ['iad'], movesTo: ['sin'], rounds: [3] }],
  ['in ten regions', { ...usual, backEnds: everywhere, rounds: [3] }],
  ['slow: 200 ms a round', { ...usual, backEnds: ['iad'], serviceMs: 200, rounds: [3] }],
  ['Hong Kong; a noisy node in Bangkok', { ...usual, backEnds: ['hkg'], rounds: [3], noisy: 'bkk' }],
  ['down for a third of the time', { ...usual, backEnds: ['iad'], rounds: [3], outage: 'back end' }],
  ['best node down for a third of the time', { ...usual, backEnds: ['iad'], rounds: [3], outage: 'runner' }],
  ['a request every 5 s, for a day', { ...usual, requestsPerSecond: 0.2, minutes: 1_440, backEnds: ['iad'], rounds: [3] }],
]
