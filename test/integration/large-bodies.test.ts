import { createHash, type Hash } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasProcessFolder, processTree, residentBytes } from '../helpers/processes.ts'
import { clusterTimeoutMs, hostOf, startTestCluster, type TestCluster } from '../helpers/test-cluster.ts'

/** Bodies that fit into nobody's memory. */

const megabyte = 1024 * 1024
const bodyBytes = 1_024 * megabyte
/** Far less than the body, and more than what a garbage collector leaves lying about. */
const growthMax = 150 * megabyte
const transferTimeoutMs = 120_000

const functions = {
  through: 'export default { fetch: (request) => new Response(request.body) }',
  counts: `export default { async fetch(request) {
    let bytes = 0
    for await (const chunk of request.body) bytes += chunk.byteLength
    return new Response(String(bytes))
  } }`,
  pours: `export default { fetch(request) {
    let left = Number(new URL(request.url).searchParams.get('chunks'))
    const chunk = new Uint8Array(65536).fill(7)
    return new Response(new ReadableStream({ pull(controller) { if (left-- > 0) controller.enqueue(chunk); else controller.close() } }))
  } }`,
}

let cluster: TestCluster

beforeAll(async () => {
  cluster = await startTestCluster({ regions: ['fra'] })
  await cluster.deploy(functions, { limits: { requestBodyMb: 2_048, cpuMs: 30_000, wallMs: transferTimeoutMs, memoryMb: 128 } })
  // What the first request of each brings into memory is not what is measured.
  const door = cluster.node('fra-1').url
  for (const name of Object.keys(functions)) await cluster.call(door, name, '/?chunks=400', { method: 'POST', body: Buffer.alloc(25 * megabyte) })
}, clusterTimeoutMs)

afterAll(() => cluster?.close(), clusterTimeoutMs)

/** Watches the memory of processes while something goes on. Answers with the largest growth of each, in bytes, by process id. */
async function growthDuring(roots: readonly number[], work: () => Promise<void>): Promise<ReadonlyMap<number, number>> {
  const first = new Map<number, number>()
  const growth = new Map<number, number>()
  const sample = async (): Promise<void> => {
    for (const processId of (await Promise.all(roots.map(processTree))).flat()) {
      const bytes = await residentBytes(processId)
      if (bytes === undefined) continue
      const before = first.get(processId)
      if (before === undefined) first.set(processId, bytes)
      else growth.set(processId, Math.max(growth.get(processId) ?? 0, bytes - before))
    }
  }
  await sample()
  const sampler = setInterval(() => void sample(), 100)
  try {
    await work()
    await sample()
  } finally {
    clearInterval(sampler)
  }
  return growth
}

interface Transfer {
  readonly sent: string
  readonly received: string
  readonly receivedBytes: number
}

/** Sends a body of many distinct chunks, reading the answer meanwhile, and compares by hash. */
async function transfer(door: string, functionName: string, path: string, bytesToSend: number): Promise<Transfer & { readonly text: string }> {
  const request = httpRequest(new URL(path, door), { method: 'POST', headers: { host: hostOf(door, functionName) } })
  const sent = createHash('sha1')
  const received = createHash('sha1')
  let receivedBytes = 0
  let text = ''
  const reading = once(request, 'response').then(async ([response]) => {
    for await (const chunk of response as IncomingMessage) {
      const bytes = chunk as Buffer
      received.update(bytes)
      receivedBytes += bytes.length
      if (receivedBytes < 100) text += bytes.toString('latin1')
    }
  })
  await Promise.all([reading, send(request, sent, bytesToSend)])
  return { sent: sent.digest('hex'), received: received.digest('hex'), receivedBytes, text }
}

async function send(request: ReturnType<typeof httpRequest>, hash: Hash, bytes: number): Promise<void> {
  for (let index = 0; index * megabyte < bytes; index += 1) {
    const chunk = Buffer.alloc(megabyte, `chunk ${index} `)
    hash.update(chunk)
    if (!request.write(chunk)) await once(request, 'drain')
  }
  request.end()
}

const nodeProcess = (): number => cluster.cluster.processIds()['fra-1'] ?? 0

function expectSmall(growth: ReadonlyMap<number, number>): void {
  if (!hasProcessFolder) return
  // The node, its cell, and what is held ready beside it.
  expect(growth.size).toBeGreaterThan(1)
  for (const [processId, bytes] of growth) expect(bytes, `process ${processId} of ${JSON.stringify([...growth])}`).toBeLessThan(growthMax)
}

test('1 GB passes through a function at constant memory, unchanged', async () => {
  let outcome: Transfer | undefined
  const growth = await growthDuring([nodeProcess()], async () => {
    outcome = await transfer(cluster.node('fra-1').url, 'through', '/', bodyBytes)
  })
  expect(outcome?.receivedBytes).toBe(bodyBytes)
  expect(outcome?.received).toBe(outcome?.sent)
  expectSmall(growth)
}, transferTimeoutMs)

test('a quarter of it through the gateway', async () => {
  const gateway = cluster.cluster.processIds()['gateway'] ?? 0
  let outcome: Transfer | undefined
  const growth = await growthDuring([nodeProcess(), gateway], async () => {
    outcome = await transfer(cluster.cluster.description.gateway, 'through', '/', bodyBytes / 4)
  })
  expect(outcome?.receivedBytes).toBe(bodyBytes / 4)
  expect(outcome?.received).toBe(outcome?.sent)
  expectSmall(growth)
}, transferTimeoutMs)

test('what a function reads or makes itself is not kept either', async () => {
  const growth = await growthDuring([nodeProcess()], async () => {
    const door = cluster.node('fra-1').url
    expect((await transfer(door, 'counts', '/', bodyBytes / 4)).text).toBe(String(bodyBytes / 4))
    expect((await transfer(door, 'pours', `/?chunks=${bodyBytes / 4 / 65_536}`, 0)).receivedBytes).toBe(bodyBytes / 4)
  })
  expectSmall(growth)
}, transferTimeoutMs)

test('a reader that stops holds the function back, in every process', async () => {
  const door = cluster.node('fra-1').url
  const request = httpRequest(new URL('/?chunks=16384', door), { headers: { host: hostOf(door, 'pours') } }).end()
  await once(request, 'response')
  const growth = await growthDuring([nodeProcess()], async () => {
    // Nobody reads it: what its socket takes is all that comes. Others are served meanwhile, many times over what the stream would take to run ahead.
    for (let turn = 0; turn < 200; turn += 1) expect((await cluster.call(door, 'pours', '/?chunks=1')).status).toBe(200)
  })
  expectSmall(growth)
  request.destroy()
}, transferTimeoutMs)
