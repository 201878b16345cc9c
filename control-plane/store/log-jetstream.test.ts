import { JetStreamApiError } from '@nats-io/jetstream'
import { expect, it } from 'vitest'
import type { NatsLink } from '../nats/link-nats.ts'
import { JetStreamLog } from './log-jetstream.ts'

const message = new Uint8Array([1, 2, 3])
const full = new JetStreamApiError({ code: 503, err_code: 10_077, description: 'maximum bytes exceeded' })

/** A log whose servers answer one attempt after the other with these, the last again and again. */
function logThatAnswers(answers: readonly Error[], stored: Uint8Array | undefined): JetStreamLog {
  let attempt = 0
  const session = {
    client: { publish: () => Promise.reject(answers[Math.min(attempt++, answers.length - 1)]) },
    manager: { streams: { getMessage: () => Promise.resolve(stored === undefined ? null : { data: stored }) } },
  }
  const link = { whenConnected: () => Promise.resolve(session), whileConnected: <T>(work: Promise<T>) => work }
  return new JetStreamLog({ link: link as unknown as NatsLink, name: 'test', replicas: 1 })
}

it('tells servers that have no room left from a message that got there before they had none', async () => {
  const append = (answers: readonly Error[], stored?: Uint8Array): Promise<unknown> => logThatAnswers(answers, stored).append(message, 4, performance.now() + 300)
  await expect(append([full])).rejects.toMatchObject({ code: 'storage_full' })
  const lost = new Error('timeout')
  expect(await append([lost, full], message)).toBe('added')
  expect(await append([lost, full], new Uint8Array([9]))).toBe('taken')
  await expect(append([lost, full])).rejects.toMatchObject({ code: 'outcome_unknown' })
})
