import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below those that the system lends to connections (from 32,768 on with Linux), any of which may have one when its owner comes back to it. */
const [lowest, highest] = [12_000, 32_000] as const
const attemptsMax = 200

/** A port of 127.0.0.1 that nobody has, for a process that others know before it listens, or that comes back at the same one. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  return port
}

/** So many of them, all different. */
export async function freePorts(count: number): Promise<[number, ...number[]]> {
  const found: number[] = []
  for (let attempt = 0; attempt < attemptsMax * count; attempt += 1) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest))
    if (found.includes(port) || !(await isFree(port))) continue
    found.push(port)
    const [first, ...others] = found
    if (first !== undefined && found.length >= count) return [first, ...others]
  }
  throw new Error(`there are no ${count} free ports from ${lowest} to ${highest}`)
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
