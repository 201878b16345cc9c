import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

/** What one phase asks of the clients' process. Both kinds of clients are in it: the hogs' have nearly nothing to do. */
export interface Phase {
  readonly neighbour: Target
  readonly hog: Target | undefined
  readonly hogClients: number
  readonly perSecond: number
  readonly settleMs: number
  readonly durationMs: number
}

export interface Target {
  readonly url: string
  readonly host: string
}

export interface PhaseResult {
  /** Of each right answer in time, from when it was to be sent. */
  readonly latenciesMs: readonly number[]
  /** Wrong, failed or late. */
  readonly failed: number
  readonly hogAnswers: number
}

const timeoutMs = 5_000

process.once('message', (phase: Phase) => {
  run(phase).then(
    (result) => process.send?.(result, () => process.exit()),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`)
      process.exit(1)
    },
  )
})

async function run({ neighbour, hog, hogClients, perSecond, settleMs, durationMs }: Phase): Promise<PhaseResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })
  const over = new AbortController()
  let hogAnswers = 0
  const annoy = async (target: Target): Promise<void> => {
    const own = new Agent({ keepAlive: true, maxSockets: 1 })
    while (!over.signal.aborted) {
      const answer = await send(own, target, '/', timeoutMs).catch(() => undefined)
      if (answer === undefined) await delay(50)
      else hogAnswers++
    }
    own.destroy()
  }
  if (hog !== undefined) for (let client = 0; client < hogClients; client++) void annoy(hog)
  const latenciesMs: number[] = []
  let failed = 0
  let countsFromMs = 0
  const ask = async (number: number, dueMs: number): Promise<void> => {
    const answer = await send(agent, neighbour, `/?number=${number}`, timeoutMs).catch(() => undefined)
    const isRight = answer?.status === 200 && answer.text.startsWith(`{"neighbour":"${number}"`)
    // Until both have settled, and code is compiled on both sides, answers are checked but not counted.
    if (dueMs < countsFromMs) return
    if (isRight) latenciesMs.push(performance.now() - dueMs)
    else failed++
  }
  const startMs = performance.now()
  countsFromMs = startMs + settleMs
  const answers: Promise<void>[] = []
  for (let number = 0; (number * 1_000) / perSecond < settleMs + durationMs; number++) {
    // By its own schedule: a slow answer does not put off the next question.
    const dueMs = startMs + (number * 1_000) / perSecond
    const waitMs = dueMs - performance.now()
    if (waitMs > 0) await delay(waitMs)
    answers.push(ask(number, performance.now()))
  }
  await Promise.all(answers)
  over.abort()
  return { latenciesMs, failed, hogAnswers }
}

function send(agent: Agent, { url, host }: Target, path: string, timeout: number): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(path, url), { agent, headers: { host }, signal: AbortSignal.timeout(timeout) }, (incoming) => {
      let text = ''
      incoming.setEncoding('utf8')
      incoming.on('data', (chunk: string) => (text += chunk))
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text }))
      incoming.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}
