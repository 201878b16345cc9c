import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { SkerryError } from '../../errors/index.ts'
import { type Idempotency, IdempotentRun } from '../idempotency/index.ts'
import type { Store } from '../store/index.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import type { ApiEnvironment } from './context.ts'
import { onceByKey } from './idempotent.ts'

it.each([[200, 'done'], [503, 'outcome_unknown']] as const)('answers %i as it was, where the store takes no outcome afterwards', async (status, body) => {
  const away = (): Promise<never> => Promise.reject(new SkerryError('storage_unreachable'))
  const run = new IdempotentRun({ store: { commit: away } as unknown as Store, clock: new FakeClock(), box: { seal: String } as never, key: 'default/key', holder: 'one', progress: undefined })
  const app = new Hono<ApiEnvironment>()
  app.use(async (context, next) => {
    context.set('caller', { account: 'default', token: { id: 'token' } } as never)
    await next()
  })
  app.use(onceByKey({ begin: () => Promise.resolve(run) } as unknown as Idempotency))
  app.post('/', (context) => context.text(body, status))
  const response = await app.request('/', { method: 'POST', headers: { 'idempotency-key': 'one' } })
  expect([response.status, await response.text()]).toEqual([status, body])
})
