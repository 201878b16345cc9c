import { expect, it } from 'vitest'
import { done, useControlPlane } from './testing/harness.ts'

const harness = useControlPlane()

const ofAnotherAccount = { account: 'others', function: 'theirs', version: '01J00000000000000000000000', reason: 'ended with SIGABRT', processesEnded: 2, refusedMs: 0 }

it('an account sees where its functions are held apart, and nothing of others', async () => {
  const node = await harness.startNode('fra-1')
  const { functions: [deployed] } = done(await harness.client.deploy('crasher', '1'))
  const own = { ...ofAnotherAccount, account: 'default', function: 'crasher', version: deployed?.version ?? '', refusedMs: 1_500 }
  await node.register({ quarantined: [own, ofAnotherAccount] })
  const answer = await harness.client.json('GET', '/v1/functions')
  expect(answer).toMatchObject({
    functions: [{ name: 'crasher', quarantined: [{ node: 'fra-1', version: own.version, reason: 'ended with SIGABRT', processesEnded: 2, refusedMs: 1_500 }] }],
  })
  expect(JSON.stringify(answer)).not.toContain('theirs')
  expect(JSON.stringify(await harness.client.json('GET', '/v1/nodes'))).not.toMatch(/theirs|quarantined/)
  await node.register()
  expect(await harness.client.json('GET', '/v1/functions')).toMatchObject({ functions: [{ quarantined: [] }] })
})

it('a node of an older version, which tells nothing of it, registers as before', async () => {
  const node = await harness.startNode('fra-1')
  expect(await node.register()).toMatchObject({ internalToken: expect.any(String) })
})
