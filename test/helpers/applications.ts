import { join } from 'node:path'
import type { RequestInit, Response } from 'undici'
import { startTestEdge, type TestEdge } from '../../sdk/testing/index.ts'

/** Applications of one fixture folder, bundled as `skerry deploy` does it, on an edge with real cells and production limits. */
export interface Applications {
  readonly edge: TestEdge
  /** Asks a function of the folder for a path. */
  ask(functionName: string, path: string, init?: RequestInit): Promise<Response>
  /** The same, and reads the answer as JSON. Throws the answer's text where its status is not 2xx. */
  askJson(functionName: string, path: string, init?: RequestInit): Promise<unknown>
  close(): Promise<void>
}

/** @param family names the folder test/fixtures/applications-FAMILY @param allowOutbound origins that the applications may call */
export async function startApplications(family: string, ...allowOutbound: readonly string[]): Promise<Applications> {
  const edge = await startTestEdge({ directory: join(import.meta.dirname, `../fixtures/applications-${family}`), allowOutbound })
  const ask = (functionName: string, path: string, init?: RequestInit): Promise<Response> =>
    edge.fetch(`${edge.url.replace('127.0.0.1', `${functionName}.localhost`)}${path}`, init)
  return {
    edge,
    ask,
    async askJson(functionName, path, init) {
      const response = await ask(functionName, path, init)
      if (!response.ok) throw new Error(`${functionName}${path}: ${response.status} ${await response.text()} ${JSON.stringify(edge.logs.at(-1))}`)
      return response.json()
    },
    close: () => edge.close(),
  }
}

/** A request with a JSON body. */
export function jsonRequest(body: unknown, method = 'POST'): RequestInit {
  return { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
}
