import { InvalidArgumentError } from 'commander'

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/** Seconds of `90s`, `30m`, `1h` or `2d`. */
export function parseDuration(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  if (amount === undefined) throw new InvalidArgumentError('A time such as 30m, 1h or 2d is expected.')
  return Number(amount) * (unitSeconds[unit] ?? 1)
}
