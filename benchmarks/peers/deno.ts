import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from '../processes.ts'
import { sourceOf } from '../workload.ts'
import { detectBinary, findBinary } from './installed.ts'
import type { Peer, PeerContext } from './peer.ts'

/**
 * Deno, by `deno serve`. It has no way to load several untrusting functions into one server, so a function's cold start is a process of
 * its own, from the start of the process to the right answer. The warm rows use one process with one thread, as it does by default.
 * @see https://docs.deno.com/runtime/reference/cli/serve/
 */
export const deno: Peer = {
  name: 'deno',
  title: 'Deno',
  methods: { cold: 'deno serve, new process' },
  async detect() {
    return await detectBinary('deno', binaryPath(), (output) => /^deno (\S+)/.exec(output)?.[1] ?? output)
  },
  async commands(context, functions) {
    return await Promise.all(Array.from({ length: functions.count }, async (_, index) => {
      const command = await serveCommand(context, `function-${index}`, sourceOf(functions, index))
      return { command, readyPattern, path: '/', expectedBody: functions.expectedBody(index) }
    }))
  },
  async serve(context, { source, path = '/', body, expectedBody }) {
    const match = await context.processes.start(
      await serveCommand(context, 'warm', source),
      { readyDescriptor: 2, readyPattern: new RegExp(readyPattern), timeoutMs: 30_000 },
    )
    return { request: { url: new URL(path, match[1]).href, expectedBody, ...(body === undefined ? {} : { body }) } }
  },
}

const readyPattern = String.raw`Listening on (http://\S+)`

const platforms: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64-glibc', 'linux-arm64': 'linux-arm64-glibc', 'darwin-x64': 'darwin-x64', 'darwin-arm64': 'darwin-arm64',
}

function binaryPath(): string | null {
  return findBinary(`@deno/${platforms[`${process.platform}-${process.arch}`] ?? 'none'}`, 'deno')
}

async function serveCommand(context: PeerContext, name: string, source: string): Promise<Command> {
  const file = binaryPath()
  if (file === null) throw new Error('deno is not installed')
  const script = join(context.directory, `${name}.js`)
  await mkdir(context.directory, { recursive: true })
  await writeFile(script, source)
  return {
    file,
    arguments: ['serve', '--no-config', '--no-lock', '--no-prompt', '--host', '127.0.0.1', '--port', '0', script],
    environment: { DENO_DIR: join(context.directory, 'deno-cache'), DENO_NO_UPDATE_CHECK: '1' },
  }
}
