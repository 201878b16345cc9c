import { Agent, request } from 'undici'
import { lookupWithLocalhost } from '../sdk/client/index.ts'

export interface City {
  readonly name: string
  /** Latitude and longitude, as `x-skerry-location` takes them. */
  readonly location: string
  /** Where its requests should be answered. */
  readonly region: string
}

export interface Call {
  readonly region: string
  readonly node: string
  /** cold, warm or fresh. */
  readonly startKind: string
  readonly startMs: number
  readonly totalMs: number
}

/** Calls as a client of a city: the first one there, then some more. */
export interface Visit {
  readonly city: City
  readonly cold: Call
  /** The one of median duration of the later calls. */
  readonly warm: Call
  readonly complaints: readonly string[]
}

const warmCalls = 21

const timing = /(?:^|,)\s*start;dur=(?<duration>[\d.]+);desc="?(?<kind>\w+)/

async function callOnce(agent: Agent, url: string, location: string): Promise<{ call: Call; complaints: string[] }> {
  const startedMs = performance.now()
  const { statusCode, headers, body } = await request(url, { dispatcher: agent, headers: { 'x-skerry-location': location } })
  const text = await body.text()
  const totalMs = performance.now() - startedMs
  const header = (name: string): string => String(headers[name] ?? '')
  const start = timing.exec(header('server-timing'))?.groups
  const call = {
    region: header('x-skerry-region'),
    node: header('x-skerry-node'),
    startKind: start?.['kind'] ?? '?',
    startMs: Number(start?.['duration'] ?? Number.NaN),
    totalMs,
  }
  return { call, complaints: statusCode === 200 ? [] : [`status ${statusCode}: ${text.slice(0, 500)}`] }
}

/** Calls a function as a client in a city and says what was not as it should be. */
export async function callFrom(city: City, url: string): Promise<Visit> {
  const agent = new Agent({ connect: { lookup: lookupWithLocalhost }, headersTimeout: 15_000, bodyTimeout: 15_000 })
  try {
    const first = await callOnce(agent, url, city.location)
    const complaints = new Set(first.complaints)
    const later: Call[] = []
    for (let count = 0; count < warmCalls; count += 1) {
      const next = await callOnce(agent, url, city.location)
      later.push(next.call)
      for (const complaint of next.complaints) complaints.add(complaint)
    }
    for (const { region } of [first.call, ...later]) {
      if (region !== city.region) complaints.add(`answered by ${region === '' ? 'no region' : region}, expected ${city.region}`)
    }
    if (first.call.startKind !== 'cold') complaints.add(`the first call was ${first.call.startKind}, expected cold`)
    for (const { startKind } of later) if (startKind !== 'warm') complaints.add(`a later call was ${startKind}, expected warm`)
    const warm = later.toSorted((left, right) => left.totalMs - right.totalMs)[Math.floor(warmCalls / 2)] ?? first.call
    return { city, cold: first.call, warm, complaints: [...complaints].map((text) => `${city.name}: ${text}`) }
  } finally {
    await agent.destroy()
  }
}
