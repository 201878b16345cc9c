import { expect, test } from 'vitest'
import { callingVersion } from '../../../test/helpers/outbound-caller.ts'
import { ConnectionCount } from './connection-count.ts'
import { createGuardedConnect } from './guarded-agent.ts'
import { OutboundPolicies } from './outbound-policy.ts'

const policy = new OutboundPolicies({ allowOutbound: ['127.0.0.1'] }).of(callingVersion())

test.each([
  ['an address that is not public', '10.0.0.1', 'address_blocked'],
  ['where there are no connections left', '127.0.0.1', 'overloaded'],
])('%s is refused, and not on the stack of who asks: undici goes on there with all that wait', async (_name, hostname, code) => {
  const connect = createGuardedConnect(policy, (_hostName, done) => done(new Error('no names here'), []), new ConnectionCount(0))
  const told: unknown[] = []
  connect({ hostname, host: hostname, protocol: 'http:', port: '80' }, (...[error]) => void told.push(error))
  expect(told).toEqual([])
  await Promise.resolve()
  expect(told).toMatchObject([{ code }])
})
