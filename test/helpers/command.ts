import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

export interface CommandOutcome {
  readonly code: number | null
  readonly out: string
  readonly error: string
}

export interface CommandOptions {
  readonly directory: string
  readonly environment?: Readonly<Record<string, string>>
  readonly input?: string
}

const command = join(import.meta.dirname, '../../bin/skerry.js')

/** Runs `skerry ARGUMENTS` as a process of its own, with no settings but those given. */
export async function runCommand(argv: readonly string[], { directory, environment = {}, input = '' }: CommandOptions): Promise<CommandOutcome> {
  const kept = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SKERRY_')))
  const child = spawn(process.execPath, [command, ...argv], { cwd: directory, env: { ...kept, ...environment }, timeout: 60_000 })
  child.stdin.on('error', () => undefined).end(input)
  const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: code as number | null, out, error }
}
