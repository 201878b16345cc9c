import { Command } from 'commander'
import { expect, test } from 'vitest'
import { type TierOptions, tiersOf, withTiers } from './tier-options.ts'

function parse(...parameters: string[]): ReturnType<typeof tiersOf> {
  const command = withTiers(new Command()).exitOverride().configureOutput({ writeErr: () => undefined })
  return tiersOf(command.parse(parameters, { from: 'user' }).opts<TierOptions>())
}

test('tiers name accounts and functions, and who has cells of his own is a tier of one', () => {
  expect(parse()).toEqual({ tiers: [] })
  expect(parse('--tier', 'untrusted=acme,shop/plugin', '--tier', 'trusted=bank', '--own-cells', 'bank/ledger,mint')).toEqual({
    tiers: [
      { name: 'untrusted', members: ['acme', 'shop/plugin'] },
      { name: 'trusted', members: ['bank'] },
      { name: 'own bank/ledger', members: ['bank/ledger'] },
      { name: 'own mint', members: ['mint'] },
    ],
  })
})

test.each([['--tier', 'untrusted'], ['--tier', '=acme'], ['--tier', 'x='], ['--tier', 'x=a/b/c'], ['--own-cells', 'Acme'], ['--own-cells', '/x']])('%s %s is refused', (...parameters) => {
  expect(() => parse(...parameters)).toThrow(/is written as|is no ACCOUNT/)
})
