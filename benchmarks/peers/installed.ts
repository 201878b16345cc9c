import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Presence } from './peer.ts'

/**
 * Where a peer's own binary lies. Its platform package is taken directly: the wrapper's install script may not have run, and
 * a script in front of the binary would be measured along with it.
 */
export function findBinary(platformPackage: string, path: string): string | null {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${platformPackage}/package.json`)
    const binary = join(dirname(manifest), path)
    return existsSync(binary) ? binary : null
  } catch {
    return null
  }
}

/** Whether a peer can be run, by asking it for its version. */
export async function detectBinary(name: string, binary: string | null, readVersion: (output: string) => string): Promise<Presence> {
  if (binary === null) {
    return { present: false, reason: `${name} is not installed here: run \`npm --prefix benchmarks install\`` }
  }
  try {
    const { stdout } = await promisify(execFile)(binary, ['--version'], { timeout: 20_000 })
    return { present: true, version: readVersion(stdout.trim()) }
  } catch (error) {
    return { present: false, reason: `${name} does not run here: ${error instanceof Error ? error.message : String(error)}` }
  }
}
