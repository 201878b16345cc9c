import { expect, it } from 'vitest'
import { leadNowhere } from './reachable.ts'

it('tells of addresses that lead others nowhere, and is quiet about a cluster on one machine', () => {
  expect(leadNowhere({ url: 'http://127.0.0.11:8080', internalUrl: 'http://127.0.0.11:7500', adminUrl: 'http://127.0.0.1:9000' })).toEqual([])
  const real = { url: 'https://fra-1.nodes.example.com', internalUrl: 'http://10.0.0.11:7500', adminUrl: 'http://10.0.0.11:9000' }
  expect(leadNowhere(real)).toEqual([])
  expect(leadNowhere({ ...real, adminUrl: 'http://127.0.0.1:9000' })).toEqual([expect.stringContaining('pass --admin-host')])
  expect(leadNowhere({ url: 'http://0.0.0.0:8080', internalUrl: 'http://[::]:7500', adminUrl: 'http://127.0.0.1:9000' })).toEqual([
    expect.stringContaining('pass --public-url'), expect.stringContaining('pass --internal-url'),
  ])
})
