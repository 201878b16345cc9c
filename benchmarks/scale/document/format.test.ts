import { expect, it } from 'vitest'
import { bound, bytes, duration, percent, rough } from './format.ts'

it('shows no more digits than it has', () => {
  expect([rough(3_508_800), rough(0.03626), percent(0.5978)]).toEqual(['3,500,000', '0.036', '60 %'])
})

it('takes the unit that fits', () => {
  expect([bytes(0), bytes(786), bytes(2_735_895), bytes(999_700), bytes(1.9e12)]).toEqual(['0 bytes', '790 bytes', '2.7 MB', '1 MB', '1.9 TB'])
  expect([bound(2 ** 31), bound(2 ** 28)]).toEqual(['2 GB', '256 MB'])
  expect([duration(9.43), duration(2_043), duration(90_000)]).toEqual(['9.4 ms', '2 s', '1.5 min'])
})
