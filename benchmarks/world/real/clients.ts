import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import * as dnsPacket from 'dns-packet'
import { createInvoker, type Invoker } from '../../../sdk/invoke/index.ts'
import type { ClientGroup } from '../world.ts'
import type { Door, RealCluster } from './cluster.ts'
import type { UdpLink } from './udp-link.ts'

export interface Answer {
  readonly status: number
  /** Which node answered; undefined for an answer of somebody else. */
  readonly node: string | undefined
}

/** By what clients reach functions. */
export const doors = ['gateway', 'dns', 'sdk'] as const
export type DoorKind = (typeof doors)[number]

/** How a group of clients calls functions. */
export interface Client {
  call(functionName: string, path: string, method: string): Promise<Answer>
  close(): Promise<void>
}

const domain = 'localhost'
const requestTimeoutMs = 15_000
/** Somebody who sees nothing for so long tries again. */
const patienceMs = 2_000
const retryPauseMs = 250

/** Through the gateway; `port` is where the way to it begins. */
export function createGatewayClient(port: number, address: string): Client {
  const agent = new HttpAgent({ keepAlive: true })
  return {
    call: (functionName, path, method) => callHttp(agent, port, `${functionName}.${domain}`, path, method, address, requestTimeoutMs),
    close: async () => agent.destroy(),
  }
}

function callHttp(agent: HttpAgent, port: number, host: string, path: string, method: string, address: string, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ agent, host: '127.0.0.1', port, path, method, headers: { host, 'x-forwarded-for': address }, timeout: timeoutMs }, (response) => {
      response.resume()
      const node = response.headers['x-skerry-node']
      response.once('end', () => resolve({ status: response.statusCode ?? 0, node: typeof node === 'string' && node !== 'gateway' ? node : undefined }))
      response.once('error', reject)
    })
    request.once('timeout', () => request.destroy(new Error('timed out')))
    request.once('error', reject)
    request.end()
  })
}

interface Cached {
  readonly address: string
  readonly untilMs: number
}

/**
 * By a resolver of its own, which tells the network of its clients and keeps what it was answered for as long as the answer allows, and then
 * straight to the node. Where that fails, what is safe to repeat is tried again, as people do who reload a page, until the resolver has another answer.
 */
export function createDnsClient(options: {
  readonly cluster: RealCluster
  readonly group: ClientGroup
  readonly address: string
  readonly links: readonly UdpLink[]
  /** Of the first answer so much is left already, 0 to 1: resolvers do not begin all at once. */
  readonly firstTtlShare: number
}): Client {
  const { cluster, group, address, links } = options
  const agents = new Map<string, HttpAgent>()
  const cached = new Map<string, Cached>()
  const resolve = async (host: string): Promise<string> => {
    const known = cached.get(host)
    if (known !== undefined && known.untilMs > performance.now()) return known.address
    const { address: found, ttlSeconds } = await ask(links, host, address)
    cached.set(host, { address: found, untilMs: performance.now() + ttlSeconds * 1_000 * (known === undefined ? options.firstTtlShare : 1) })
    return found
  }
  const callOnce = async (functionName: string, path: string, method: string): Promise<Answer> => {
    const host = `${functionName}.${domain}`
    const found = await resolve(host)
    const node = cluster.nodes.find((each) => each.address === found)
    if (node === undefined) throw new Error(`nobody stands at ${found}`)
    const port = await cluster.paths.to(group.network, node.site.name, node.url)
    const agent = agents.get(node.name) ?? new HttpAgent({ keepAlive: true })
    agents.set(node.name, agent)
    return callHttp(agent, port, host, path, method, address, patienceMs)
  }
  return {
    call: async (functionName, path, method) => {
      const untilMs = performance.now() + requestTimeoutMs
      for (;;) {
        try {
          return await callOnce(functionName, path, method)
        } catch (error) {
          if (method !== 'GET' || performance.now() > untilMs) throw error
          await pause(retryPauseMs)
        }
      }
    },
    close: async () => {
      for (const agent of agents.values()) agent.destroy()
      for (const link of links) link.close()
    },
  }
}

/** Asks one name server after another, each twice. */
async function ask(links: readonly UdpLink[], host: string, address: string): Promise<{ readonly address: string; readonly ttlSeconds: number }> {
  let failure: unknown
  for (const link of [...links, ...links]) {
    try {
      const message = await link.ask((id) => encodeQuery(id, host, address), 1_000)
      const record = (dnsPacket.decode(message).answers ?? []).find((each): each is dnsPacket.StringAnswer => each.type === 'A')
      if (record === undefined) throw new Error('the name server knows no address')
      return { address: record.data, ttlSeconds: record.ttl ?? 0 }
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

function encodeQuery(id: number, name: string, address: string): Buffer {
  // The types know fewer fields than the encoder takes.
  const opt = { type: 'OPT', name: '.', udpPayloadSize: 1_232, flags: 0, options: [{ code: 'CLIENT_SUBNET', ip: address, sourcePrefixLength: 24 }] } as unknown
  return dnsPacket.encode({ type: 'query', id, questions: [{ type: 'A', name }], additionals: [opt as dnsPacket.OptAnswer] })
}

/** By `skerry/invoke`, which measures the nodes itself. */
export function createSdkClient(controlPlaneUrl: string, token: string): Client {
  const invoker: Invoker = createInvoker({ controlPlaneUrl, token })
  return {
    call: async (functionName, path, method) => {
      const response = await invoker.fetch(`${functionName}${path}`, { method, signal: AbortSignal.timeout(requestTimeoutMs) })
      await response.arrayBuffer()
      return { status: response.status, node: response.headers.get('x-skerry-node') ?? undefined }
    },
    close: () => invoker.close(),
  }
}

/** The door that is nearest by the model. */
export function nearestDoor(doors: readonly Door[], roundTripMs: (site: string) => number): Door {
  const [first, ...rest] = doors
  if (first === undefined) throw new Error('there is no door')
  return rest.reduce((best, door) => (roundTripMs(door.site.name) < roundTripMs(best.site.name) ? door : best), first)
}
